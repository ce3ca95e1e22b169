import { expect, it } from 'vitest'
import { readCatalogue } from './catalogue.js'

it('five lines make an endpoint: the rest is filled in', () => {
  const { paths } = readCatalogue('v3', {
    'paths/pay/samples/{sample_id}.yaml': `get:
  summary: 查询示例
  externalDocs: { url: https://pay.weixin.qq.com/doc/v3/merchant/1 }
  responses:
    200: { content: { application/json: { schema: { $ref: "#/components/schemas/Sample" } } } }
`,
  })
  expect(paths).toEqual({
    '/v3/pay/samples/{sample_id}': {
      get: {
        operationId: 'getV3PaySamplesBySampleId',
        summary: '查询示例',
        externalDocs: { url: 'https://pay.weixin.qq.com/doc/v3/merchant/1' },
        parameters: [{ name: 'sample_id', in: 'path', required: true, schema: { type: 'string' } }],
        responses: {
          200: {
            description: 'OK',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Sample' } } },
          },
        },
      },
    },
  })
})

it('a described placeholder is not filled in again, and a payload is required', () => {
  const { paths } = readCatalogue('v3', {
    'paths/a/{b}.yaml': `post:
  summary: s
  parameters: [{ name: b, in: path, required: true, schema: { type: string, title: t } }]
  requestBody: { content: { application/json: { schema: { type: object } } } }
  responses: { 204: {} }
`,
  })
  const post = paths['/v3/a/{b}']?.post
  expect(post?.parameters).toHaveLength(1)
  expect(post?.requestBody?.required).toBe(true)
  expect(post?.responses).toEqual({ 204: { description: 'No Content' } })
})

it('the paths of APIv2 are those of the wire, and its payloads are called xml', () => {
  const { paths } = readCatalogue('v2', {
    'paths/pay/sample.yaml':
      'post: { summary: s, requestBody: { content: { application/xml: { schema: { type: object } } } } }',
  })
  expect(paths['/pay/sample']?.post?.requestBody?.content['application/xml']?.schema?.xml).toEqual({ name: 'xml' })
})

it('a path that is not below v3 is in a folder by its beginning', () => {
  const { paths } = readCatalogue('v3', {
    'brand/store/{store_id}.yaml': 'get: { summary: s }',
    'hk/v3/certificates.yaml': 'get: { summary: s }',
  })
  expect(Object.keys(paths)).toEqual(['/brand/store/{store_id}', '/hk/v3/certificates'])
  expect(paths['/brand/store/{store_id}']?.get?.operationId).toBe('getBrandStoreByStoreId')
})

it('_empty_ is a path that ends in a slash', () => {
  expect(Object.keys(readCatalogue('v3', { 'paths/a/_empty_.yaml': 'get: { summary: s }' }).paths)).toEqual(['/v3/a/'])
})

it('a notification is known by its file, and brings the event type of that name', () => {
  const { webhooks } = readCatalogue('v3', { 'webhooks/REFUND.SUCCESS.yaml': 'summary: s' })
  expect(webhooks['REFUND.SUCCESS']?.post?.['x-event-types']).toEqual(['REFUND.SUCCESS'])
})

it('a date is the text that is written', () => {
  const { paths } = readCatalogue('v3', { 'paths/a.yaml': 'get: { summary: 2026-11-24 }' })
  expect(paths['/v3/a']?.get?.summary).toBe('2026-11-24')
})

it('a file that is no YAML is named', () => {
  expect(() => readCatalogue('v3', { 'paths/a.yaml': 'get: { summary: ' })).toThrow(/a\.yaml/)
})
