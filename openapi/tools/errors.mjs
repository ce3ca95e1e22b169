/** Checks the documented errors of operations, which are not part of OpenAPI. */

/** @import { Document } from './openapi.js' */

/** The errors that every call can return, with a fixed meaning. */
const COMMON = ['SIGN_ERROR', 'SYSTEM_ERROR']

/**
 * @param {Document} document
 * @returns {string[]} What is wrong, each with its place.
 */
export function checkErrors({ paths }) {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { 'x-errors': errors = [] }]) => {
      const rows = errors.map(({ status, code, meaning }) => `${status} ${code} ${meaning}`)
      return errors.flatMap(({ status, code }, index) => {
        const row = rows[index] ?? ''
        const above = errors[index - 1]
        const problems = [
          !(status >= 400 && status < 600) && 'is not the status of an error',
          !/^[A-Z][A-Z_]*$/.test(code) && 'has an invalid code',
          COMMON.includes(code) && 'may be the response to every call',
          rows.indexOf(row) < index && 'is there twice',
          above &&
            (above.status > status || (above.status === status && above.code > code)) &&
            'is not in the order of status and code',
        ]
        return problems.flatMap(problem => (problem ? [`${path} ${method}: the error ${row} ${problem}`] : []))
      })
    }),
  )
}
