/** Converts an object to the XML of APIv2 and back; names as in the PHP original. */
export { toXml, type XmlOptions } from './xml/build.js'
export { sanitize } from './xml/limits.js'
export { toObject, toObject as toArray, type XmlFields, type XmlValue } from './xml/parse.js'
