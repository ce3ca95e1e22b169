/** APIv2's XML: an object to XML and back; names as in the PHP original. */
export { toXml, type XmlOptions } from './xml/build.js'
export { sanitize } from './xml/limits.js'
export { toObject, toObject as toArray, type XmlFields, type XmlValue } from './xml/parse.js'
