import { openAsBlob } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { encodeForm, type FormPart } from '../../lib/protocol/multipart.js'
import { readForm } from '../form.js'

async function roundTrip(parts: FormPart[]) {
  const { body, contentType } = encodeForm(parts)
  const bytes = await buffer(body.open())
  expect(body.length).toBe(bytes.length)
  return { bytes, form: await readForm({ 'content-type': contentType }, bytes) }
}

it('an independent parser reads the parts of a form in their order', async () => {
  const { form } = await roundTrip([
    { name: 'meta', content: '{"a":"中"}', contentType: 'application/json' },
    { name: 'file', content: new Blob(['\r\n--x\r\n']), filename: 'a.png', contentType: 'image/png' },
    { name: 'note', content: '' },
  ])
  expect(form).toMatchObject({
    order: ['meta', 'file', 'note'],
    fields: { meta: { value: '{"a":"中"}', mimeType: 'application/json' }, note: { value: '' } },
    files: { file: { filename: 'a.png', mimeType: 'image/png', size: 7 } },
  })
})

it.each([
  ['Chinese', '门店 照片.png', '门店 照片.png'],
  ['quotes', 'a"; name="meta".png', 'a%22; name=%22meta%22.png'],
  ['line breaks', 'a\r\nContent-Type: x\r\n\r\n.png', 'a%0D%0AContent-Type: x%0D%0A%0D%0A.png'],
  ['half a surrogate pair', 'a\ud800.png', 'a\ufffd.png'],
])('a file name with %s is encoded as browsers do, and injects nothing', async (_what, filename, received) => {
  const { form } = await roundTrip([{ name: 'file', content: new Blob(['x']), filename, contentType: 'image/png' }])
  expect(form).toMatchObject({ order: ['file'], files: { file: { filename: received, mimeType: 'image/png' } } })
})

it('names are encoded as a browser encodes them', async () => {
  const name = '门"\r\n.png'
  const theirs = new FormData()
  theirs.append('file', new Blob(['x'], { type: 'image/png' }), name)
  const disposition = /Content-Disposition: .*/
  const { bytes } = await roundTrip([{ name: 'file', content: new Blob(['x']), filename: name }])
  expect(disposition.exec(String(bytes))?.[0]).toBe(disposition.exec(await new Response(theirs).text())?.[0])
})

it('a body can be opened again with the same content', async () => {
  const { body } = encodeForm([{ name: 'file', content: new Blob(['content']), filename: 'a' }])
  expect(await buffer(body.open())).toEqual(await buffer(body.open()))
})

it('a file that changed since it was opened fails the body', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spec-'))
  const path = join(folder, 'a.png')
  await writeFile(path, 'first')
  const { body } = encodeForm([{ name: 'file', content: await openAsBlob(path), filename: 'a.png' }])
  await writeFile(path, 'longer than it was')
  await expect(buffer(body.open())).rejects.toMatchObject({ code: 'ERR_FILE_READ' })
  await rm(folder, { recursive: true })
})
