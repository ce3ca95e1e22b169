/** Creates elements, and updates the document to match them. */

/** @typedef {Node | string | false | undefined} Child */
/** @typedef {Readonly<Record<string, string | boolean | undefined | ((event: Event) => void)>>} Props */

const HANDLERS = /** @type {const} */ (['onclick', 'onsubmit', 'onchange', 'oninput', 'ontoggle'])

/**
 * @param {string} name
 * @param {Props} [props] attributes, and handlers by their names, such as `onclick`
 * @param {...(Child | Child[])} children
 */
export function h(name, props = {}, ...children) {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(props)) {
    if (typeof value === 'function') Reflect.set(element, key, value)
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : value)
  }
  for (const child of children.flat()) if (child) element.append(child)
  return element
}

/**
 * Updates the children of an element in place, so that the focus, open folds, scroll positions and typed text are kept.
 *
 * @param {Element} parent
 * @param {Child[]} children
 */
export function show(parent, children) {
  morphChildren(parent, h('div', {}, children))
}

/**
 * @param {Node} old
 * @param {Node} next
 */
function morph(old, next) {
  if (old instanceof HTMLElement && next instanceof HTMLElement && isSame(old, next)) {
    morphAttributes(old, next)
    for (const name of HANDLERS) if (old[name] !== next[name]) Reflect.set(old, name, next[name])
    morphChildren(old, next)
  } else if (old instanceof Text && next instanceof Text) {
    if (old.data !== next.data) old.data = next.data
  } else old.parentNode?.replaceChild(next, old)
}

/**
 * @param {HTMLElement} old
 * @param {HTMLElement} next
 */
function morphAttributes(old, next) {
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  // Only the user opens and closes a fold.
  for (const { name } of [...old.attributes]) if (name !== 'open' && !next.hasAttribute(name)) old.removeAttribute(name)
}

/**
 * @param {Element} old
 * @param {Element} next
 */
function morphChildren(old, next) {
  const keys = new Set([...next.children].map(keyOf).filter(Boolean))
  for (const child of [...old.children]) if (keyOf(child) && !keys.has(keyOf(child))) child.remove()
  const keyed = new Map([...old.children].map(child => [keyOf(child), child]))
  let at = old.firstChild
  for (const child of [...next.childNodes]) {
    const match = keyOf(child) ? keyed.get(keyOf(child)) : at && !keyOf(at) ? at : undefined
    if (!match) {
      old.insertBefore(child, at)
      continue
    }
    if (match === at) at = at.nextSibling
    else old.insertBefore(match, at)
    morph(match, child)
  }
  while (at) {
    const rest = at.nextSibling
    at.remove()
    at = rest
  }
}

/** @param {Node} node */
function keyOf(node) {
  return node instanceof HTMLElement ? node.dataset.key : undefined
}

/**
 * @param {HTMLElement} old
 * @param {HTMLElement} next
 */
function isSame(old, next) {
  return old.tagName === next.tagName && keyOf(old) === keyOf(next)
}
