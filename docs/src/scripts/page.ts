/** The script of the reference pages: copies the call, and sends it through a simulator. */

document.addEventListener('click', event => {
  const button = event.target instanceof Element ? event.target.closest('button') : null
  if (button?.dataset.copied !== undefined) void copy(button, button.dataset.copied)
  if (button?.dataset.unreachable !== undefined) void send(button, button.dataset.unreachable)
})

async function copy(button: HTMLElement, copied: string): Promise<void> {
  const parts = [...(button.parentElement?.querySelector('code')?.childNodes ?? [])]
  const code = parts.filter(isShown).map(part => part.textContent)
  await navigator.clipboard.writeText(code.join(''))
  const before = button.textContent
  button.textContent = copied
  setTimeout(() => {
    button.textContent = before
  }, 1500)
}

/** Shows one of the forms of a call. */
function isShown(part: Node): boolean {
  return !(part instanceof Element) || part.getClientRects().length > 0
}

async function send(button: HTMLElement, unreachable: string): Promise<void> {
  const form = button.parentElement
  const output = form?.querySelector('output')
  if (!form || !output) return
  const input = form.querySelector<HTMLInputElement>('input[type=file]')
  const file = input?.files?.[0]
  if (input && !file) {
    output.textContent = input.dataset.missing ?? ''
    return
  }
  let call: unknown
  try {
    call = JSON.parse(form.querySelector('textarea')?.value ?? '')
  } catch (error) {
    output.textContent = String(error)
    return
  }
  const upload = file && { file: await base64Of(file), filename: file.name }
  const body = JSON.stringify(Object.assign({}, call, upload))
  try {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch('http://127.0.0.1:8900/_sim/call', { method: 'POST', headers, body })
    output.textContent = show(await response.text())
  } catch {
    output.textContent = unreachable
  }
}

function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result).replace(/^.*?,/, ''))
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(file)
  })
}

function show(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
