/** The JSON Schema validator. The build joins it into this file, so that only processes with a simulator load it. */
exports.Ajv2020 = require('ajv/dist/2020.js').Ajv2020
exports.formats = require('ajv-formats').default
