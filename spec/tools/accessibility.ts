/** What a reader of the page could not read or name: scripts that run in the browser. */

/** The controls without a name. */
export const unnamed = `
  [...document.querySelectorAll('button, input, select, a, summary, img')]
    .filter(control => !(control.textContent.trim() || control.ariaLabel || control.alt || control.labels?.length))
    .map(control => control.outerHTML)`

/** The texts whose colour contrasts with their background by less than 4.5 to 1 (WCAG 2.2, 1.4.3). */
export const unreadable = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const read = color => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = color
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const luminance = color => {
    const [red, green, blue] = read(color).map(value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at)
      if (read(backgroundColor)[3] === 255) return backgroundColor
    }
    return 'white'
  }
  const contrast = element => {
    const [light, dark] = [getComputedStyle(element).color, ground(element)].map(luminance).sort((a, b) => b - a)
    return (light + 0.05) / (dark + 0.05)
  }
  const hasText = element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())
  return [...document.body.querySelectorAll('*')]
    .filter(element => hasText(element) && contrast(element) < 4.5)
    .map(element => contrast(element).toFixed(2) + ' ' + element.outerHTML.slice(0, 200))
})()`
