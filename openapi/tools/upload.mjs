/** An upload in the catalogue: the parts of the form, and the computed fields of its meta. */

import { resolve } from './references.mjs'

/** @import { Call } from './model.mjs' */
/** @import { Schema } from './openapi.js' */

/**
 * @typedef {object} Upload
 * @property {string} part The name of the part that holds the file.
 * @property {string} digestField
 * @property {'sha256' | 'sm3' | 'md5'} digest
 * @property {string | undefined} nameField
 * @property {Record<string, string>} fixed Fields of the meta that have one value only.
 * @property {Schema | undefined} meta The fields that the caller gives.
 */

const digestFields = ['sha256', 'digest', 'file_digest', 'media_hash']
const nameFields = ['filename', 'file_name']

/**
 * @param {Call} call
 * @returns {Upload | undefined}
 */
export function uploadOf({ operation, shared }) {
  const media = operation.requestBody?.content['multipart/form-data']
  if (!media) return undefined
  const form = resolve(media.schema ?? {}, shared)
  const { meta, ...others } = form.properties ?? {}
  // APIv3 signs a part called meta; APIv2 puts the fields themselves into the form.
  const fields = meta ? resolve(meta.contentSchema ?? {}, shared) : form
  const digestField = digestFields.find(name => fields.properties?.[name])
  if (!digestField) throw new Error(`${operation.operationId}: the upload has no field for a digest`)
  const nameField = nameFields.find(name => fields.properties?.[name])
  const part = meta ? Object.keys(others)[0] : 'media'
  if (!part) throw new Error(`${operation.operationId}: the upload has no part for a file`)
  const entries = Object.entries(fields.properties ?? {})
  const fixed = Object.fromEntries(
    entries.flatMap(([name, { enum: values }]) => (values?.length === 1 ? [[name, String(values[0])]] : [])),
  )
  const computed = new Set([part, digestField, nameField, 'sign', ...Object.keys(fixed)])
  const given = Object.fromEntries(entries.filter(([name]) => !computed.has(name)))
  return {
    part,
    digestField,
    digest:
      digestField === 'media_hash'
        ? 'md5'
        : Object.values(fixed).some(value => value.endsWith('SM3'))
          ? 'sm3'
          : 'sha256',
    nameField,
    fixed,
    meta:
      Object.keys(given).length === 0
        ? undefined
        : { type: 'object', properties: given, required: fields.required?.filter(name => given[name]) ?? [] },
  }
}
