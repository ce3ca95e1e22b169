/**
 * The parts of node-forge that are used. The build joins them into this file: they are an eighth of the package, which
 * users then need not install. The compiler must not follow the names of the parts, which have no declarations.
 */
require(/** @type {string} */ ('node-forge/lib/pki.js'))
require(/** @type {string} */ ('node-forge/lib/pkcs12.js'))
require(/** @type {string} */ ('node-forge/lib/sha256.js'))

/** @type {typeof import('node-forge')} */
module.exports = require(/** @type {string} */ ('node-forge/lib/forge.js'))
