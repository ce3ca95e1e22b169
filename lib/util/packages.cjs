/**
 * The dependencies that are loaded when they are first needed. CommonJS, because only a plain `require` is lazy,
 * synchronous and visible to bundlers; in one file, because each file is paid for at every start.
 */

exports.requireSaxes = () => require('saxes')
exports.requireForge = () => require('./forge.cjs')
