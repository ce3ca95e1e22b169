import { expect, it } from 'vitest'
import type { Call } from '../../openapi/tools/model.mjs'
import { payloadOf } from '../../openapi/tools/operations.mjs'
import { calls, clientOf } from './catalogue.js'
import { clients, refusals } from './compile.js'

/** The call with the values that its document shows. */
function asSample({ method, path, operation }: Call, inDigits: boolean): string {
  const parameters = operation.parameters ?? []
  const sampleOf = ({ example, schema }: (typeof parameters)[number]) => example ?? schema.examples?.[0]
  const placeholders = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, 'a'])
  const query = parameters
    .filter(parameter => parameter.in === 'query' && sampleOf(parameter) !== undefined)
    .map(parameter => [parameter.name, sampleOf(parameter)])
  const payload = payloadOf(operation)
  const [media] = Object.values(operation.requestBody?.content ?? {})
  const options = {
    ...Object.fromEntries(placeholders),
    ...(query.length > 0 && { query: Object.fromEntries(query) }),
    ...(payload && payload.option !== 'file' && { [payload.option]: media?.example }),
  }
  const text = JSON.stringify(options, (_, value) => (inDigits && typeof value === 'number' ? String(value) : value))
  return `${clientOf(path)}['${path}'].${method}(${text})`
}

const sampled = calls.filter(({ operation }) =>
  Object.values(operation.requestBody?.content ?? {}).some(({ example }) => example !== undefined),
)

it('the documents show a payload for most calls that take one', () => {
  expect(sampled.length).toBeGreaterThan(680)
})

// Numbers of APIv2 are numbers in the catalogue, and digits in many documents.
it('every sample payload compiles, that of APIv2 in digits too', async () => {
  const inDigits = sampled.filter(({ api }) => api === 'v2').map(call => asSample(call, true))
  const found = await refusals(clients, [...sampled.map(call => asSample(call, false)), ...inDigits])
  expect(found.map(({ statement, message }) => `${statement?.slice(0, 100)}… ${message}`)).toEqual([])
})
