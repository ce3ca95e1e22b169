/**
 * The dependencies that are loaded when they are first needed. CommonJS, because only a plain `require` is lazy,
 * synchronous and visible to bundlers; in one file, because each file is paid for at every start.
 */

/**
 * The part of saxes that is used. Its own declarations do not compile under the checks of this package.
 *
 * @typedef {{
 *   on(event: 'xmldecl', handler: (declaration: { encoding?: string | undefined }) => void): void
 *   on(event: 'opentagstart' | 'closetag', handler: (tag: { name: string }) => void): void
 *   on(event: 'doctype' | 'text' | 'cdata', handler: (text: string) => void): void
 *   write(text: string): SaxesParser
 *   close(): void
 * }} SaxesParser
 * @typedef {{ SaxesParser: new (options: { defaultXMLVersion: '1.0', forceXMLVersion: true }) => SaxesParser }} Saxes
 */

/**
 * The compiler must not follow the name of the module, or it would check the declarations of saxes.
 *
 * @returns {Saxes}
 */
exports.requireSaxes = () => require(/** @type {string} */ ('saxes'))

/** @returns {typeof import('node-forge')} */
exports.requireForge = () => require('node-forge')
