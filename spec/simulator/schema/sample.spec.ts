import { describe, expect, it } from 'vitest'
import type { Schema } from '../../../lib/simulator/schema/catalogue.js'
import { sample } from '../../../lib/simulator/schema/sample.js'

const make = (schema: Schema, echo?: unknown, isSparse = false) =>
  sample(schema, { document: 'v3', isSparse, echoes: echo === undefined ? [] : [echo] })

const text = (example: string): Schema => ({ type: 'string', examples: [example] })

describe('a sample', () => {
  it('has the documented example, the first value of a list, or a plain value', () => {
    const properties: Record<string, Schema> = {
      a: text('x'),
      b: { type: 'string', enum: ['B', 'C'] },
      c: { type: 'integer', minimum: 5 },
      d: { type: 'boolean' },
      e: { type: 'string', format: 'date-time' },
      f: { type: 'array', items: text('y') },
    }
    const expected = { a: 'x', b: 'B', c: 5, d: true, e: '2026-01-01T10:00:00+08:00', f: ['y'] }
    expect(make({ type: 'object', properties })).toEqual(expected)
  })

  it('ignores an example that its own schema refuses', () => {
    expect(make({ type: 'string', examples: ['12:00'], pattern: '^[0-9]{6}$' })).toMatch(/^\d{6}$/)
    expect(make({ type: 'string', examples: ['too long'], maxLength: 3, enum: ['ok'] })).toBe('ok')
  })

  it('has plain text in an encrypted field', () => {
    const field: Schema = { type: 'string', 'x-encrypted': 'merchant', examples: ['pVd1HJ6v/69bDnuC4EL5Kz4j'] }
    const made = make({ type: 'object', properties: { user_name: field, mobile_phone: field, id_card_number: field } })
    expect(made).toEqual({
      user_name: '张三',
      mobile_phone: expect.stringMatching(/^1\d{10}$/),
      id_card_number: expect.stringMatching(/^\d{18}$/),
    })
  })

  it('has JSON in a string that holds JSON', () => {
    const receivers: Schema = {
      type: 'string',
      contentMediaType: 'application/json',
      contentSchema: { type: 'array', items: text('r') },
    }
    expect(make(receivers)).toBe('["r"]')
  })

  it('numbers the first of several fields', () => {
    expect(make({ type: 'object', properties: { coupon_id_$n: text('1'), coupon_type_$n_$m: text('2') } })).toEqual({
      coupon_id_0: '1',
      coupon_type_0_0: '2',
    })
  })

  it('ends where a schema contains itself', () => {
    const properties: Record<string, Schema> = { name: text('n') }
    const tree: Schema = { type: 'object', required: ['name'], properties }
    properties.child = tree
    properties.children = { type: 'array', items: tree }
    expect(make(tree)).toMatchObject({ name: 'n', child: { name: 'n' } })
  })
})

describe('an echo', () => {
  const schema: Schema = {
    type: 'object',
    required: ['id'],
    properties: {
      id: text('sample'),
      amount: { type: 'object', properties: { total: { type: 'integer', examples: [1] }, currency: text('CNY') } },
      list: { type: 'array', items: { type: 'object', required: ['name'], properties: { name: text('n') } } },
      state: { type: 'string', enum: ['ON', 'OFF'], 'x-closed': true },
    },
  }

  it('is repeated at the same place, if it has the documented type', () => {
    expect(make(schema, { id: 'mine', amount: { total: 7 }, name: 'elsewhere', state: 'UNKNOWN' })).toEqual({
      id: 'mine',
      amount: { total: 7, currency: 'CNY' },
      list: [{ name: 'n' }],
      state: 'ON',
    })
    expect(make(schema, { id: 7, amount: 'none' })).toMatchObject({ id: 'sample', amount: { total: 1 } })
  })

  it('gives as many items as it has, if all have the documented type', () => {
    expect(make(schema, { list: [{ name: 'a' }, { name: 'b' }] })).toMatchObject({
      list: [{ name: 'a' }, { name: 'b' }],
    })
    expect(make(schema, { list: ['a', 'b'] })).toMatchObject({ list: [{ name: 'n' }] })
  })

  it('is the only source of a sparse sample besides the required fields', () => {
    expect(make(schema, undefined, true)).toEqual({ id: 'sample' })
    expect(make(schema, { amount: { total: 7 } }, true)).toEqual({ id: 'sample', amount: { total: 7 } })
  })
})
