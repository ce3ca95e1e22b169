/** An electronic receipt: one page of a PDF. */

/** `lines` in the printable characters of ASCII; others are left out. */
export function receiptFile(lines: readonly string[]): Buffer {
  const shown = lines.map(line => `(${line.replace(/[^\x20-\x7E]|[\\()]/g, '')}) Tj T*`)
  const content = `BT /F1 11 Tf 50 790 Td 16 TL ${shown.join(' ')} ET`
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>',
    `<</Length ${content.length}>>stream\n${content}\nendstream`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
  ]
  let file = '%PDF-1.4\n'
  const places = objects.map((object, index) => {
    const place = `${String(file.length).padStart(10, '0')} 00000 n \n`
    file += `${index + 1} 0 obj${object}endobj\n`
    return place
  })
  const count = objects.length + 1
  const table = `xref\n0 ${count}\n0000000000 65535 f \n${places.join('')}`
  return Buffer.from(`${file}${table}trailer<</Size ${count}/Root 1 0 R>>\nstartxref\n${file.length}\n%%EOF\n`)
}
