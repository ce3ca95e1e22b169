/** The OpenAPI document of the control API, made from its operations. */
import { version } from '../../version.js'
import { OPERATIONS } from './operations.js'
import { object } from './schema.js'

const LIMIT = {
  name: 'limit',
  in: 'query',
  description: 'Returns only this many, the newest. Default: all.',
  schema: { type: 'integer', minimum: 1 },
}

/** `url` is where the simulator listens. */
export function describeControl(url: string): object {
  const paths = OPERATIONS.map(({ method, name, summary, body, isList, response }) => [
    `/_sim/${name}`,
    {
      [method.toLowerCase()]: {
        operationId: name,
        summary,
        ...(isList && { parameters: [LIMIT] }),
        ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
        responses: {
          200: { description: 'Done.', content: { 'application/json': { schema: response } } },
          '4XX': { $ref: '#/components/responses/Problem' },
        },
      },
    },
  ])
  return {
    openapi: '3.1.0',
    info: {
      title: 'Control of the WeChat Pay simulator',
      description:
        'For tests in any language: pay as the payer, advance time, make requests fail, and read everything that happened.',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url }],
    security: [],
    paths: Object.fromEntries(paths),
    components: {
      responses: {
        Problem: {
          description: 'The request was refused and changed nothing. The message says what is wrong and what to do.',
          content: {
            'application/json': {
              schema: object({ code: { type: 'string' }, message: { type: 'string' }, detail: {} }, ['detail']),
            },
          },
        },
      },
    },
  }
}
