import { expect, it } from 'vitest'
import { calls, formsOf } from './catalogue.js'
import { clients, refusals } from './compile.js'

// Fails to compile for options, payloads or data that are `any` or `unknown`.
const head = `${clients}
type IsVague<Type> = unknown extends Type ? true : false
type Options<Verb> = Verb extends (options?: infer Given) => unknown ? Given : never
type Payload<Verb> = Options<Verb> extends infer Given ? Given extends { json?: infer It } | { xml?: infer It } ? It : null : never
type Data<Verb> = Verb extends (...args: never) => Promise<{ data: infer Found }> ? Found : never
declare function takes<Verb>(verb: Verb, ...rest: true extends IsVague<Options<Verb>> | IsVague<Payload<Verb>> ? ['its options are vague'] : []): void
declare function gives<Verb>(verb: Verb, ...rest: IsVague<Data<Verb>> extends true ? ['its data are vague'] : []): void`

// Shows that it would be told.
const vague = ["takes(wxpay['v3/undocumented'].post)", "gives(wxpay.chain('v3/undocumented').getAsync)"]

it('every documented call exists in three forms and two verb names, and is vague in none', async () => {
  const statements = calls.flatMap(({ path, method, operation }) => {
    const isDescribed = Object.values(operation.responses).some(({ content = {} }) =>
      Object.values(content).some(({ schema }) => schema),
    )
    return Object.values(formsOf(path)).flatMap(node =>
      [method, `${method}Async`].flatMap(verb =>
        node === undefined ? [] : [`takes(${node}.${verb})${isDescribed ? `, gives(${node}.${verb})` : ''}`],
      ),
    )
  })
  const found = await refusals(head, [...vague, ...statements])
  expect(found.map(({ statement, message }) => statement ?? message)).toEqual(vague)

  expect(calls.filter(({ path }) => formsOf(path).properties === undefined)).toEqual([])
  expect(statements.length).toBe(calls.length * 3 * 2)
})
