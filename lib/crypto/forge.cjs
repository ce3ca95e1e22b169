/**
 * Loads node-forge when it is first needed. CommonJS, because only a plain `require` is lazy, synchronous and visible
 * to bundlers.
 *
 * @returns {typeof import('node-forge')}
 */
exports.loadForge = () => require('node-forge')
