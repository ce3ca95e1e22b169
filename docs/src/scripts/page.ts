/** What the pages of the reference do in the browser: copy the call, and send it through a simulator. */

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

/** Of the forms of a call, one is shown. */
function isShown(part: Node): boolean {
  return !(part instanceof Element) || part.getClientRects().length > 0
}

async function send(button: HTMLElement, unreachable: string): Promise<void> {
  const body = button.parentElement?.querySelector('textarea')?.value ?? ''
  const output = button.parentElement?.querySelector('output')
  if (!output) return
  try {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch('http://127.0.0.1:8900/_sim/call', { method: 'POST', headers, body })
    output.textContent = show(await response.text())
  } catch {
    output.textContent = unreachable
  }
}

function show(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
