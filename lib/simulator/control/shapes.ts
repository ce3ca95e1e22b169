/** The schemas of the requests and responses of the control API. */
import { MISTAKE_CODES } from '../gateway/diagnosis.js'
import { ANY_FIELDS, arrayOf, described, INTEGER, NUMBER, object, STRING } from './schema.js'

export const FAIL = described(
  STRING,
  'The reason for a failure: a code of WeChat Pay, such as `NOT_ENOUGH`. Without it, the result is a success.',
)
export const MCHID = described(STRING, 'The merchant, needed only when several have the number.')
export const DONE = object({})

export const ORDER = object(
  {
    out_trade_no: STRING,
    mchid: STRING,
    description: STRING,
    trade_type: STRING,
    trade_state: STRING,
    total: described(INTEGER, 'Fen.'),
    refunded: described(INTEGER, 'Fen, including refunds in progress.'),
    currency: STRING,
    prepay_id: STRING,
    openid: STRING,
    transaction_id: STRING,
    success_time: STRING,
  },
  ['openid', 'transaction_id', 'success_time'],
)

const DIAGNOSIS = described(
  object(
    {
      mistakes: described(
        arrayOf(
          object({
            code: { type: 'string', enum: MISTAKE_CODES },
            message: STRING,
            messageZh: described(STRING, 'The same in Chinese.'),
          }),
        ),
        'The likely causes, in the order in which to correct them.',
      ),
      expected: described(STRING, 'The string that must be signed.'),
      signed: described(
        STRING,
        'The string that the caller has signed instead; missing if the simulator could not find it out.',
      ),
    },
    ['expected', 'signed'],
  ),
  'Why the verification failed.',
)

export const REQUEST = object(
  {
    id: described(INTEGER, 'Counts the requests from 1.'),
    time: described(INTEGER, 'When it arrived: milliseconds since 1970.'),
    method: STRING,
    path: described(STRING, 'The path and the query as received.'),
    headers: described(ANY_FIELDS, 'The headers by lower-case name; the value of `authorization` is redacted.'),
    authorization: described(ANY_FIELDS, 'The parameters of `authorization`, except the signature.'),
    body: STRING,
    statusCode: described(INTEGER, 'Missing until the response is sent.'),
    refusal: described(STRING, 'The response to a request that was refused.'),
    diagnosis: DIAGNOSIS,
  },
  ['authorization', 'statusCode', 'refusal', 'diagnosis'],
)

const ATTEMPT = object(
  {
    time: described(INTEGER, 'Milliseconds since 1970, by business time.'),
    request: object({ headers: ANY_FIELDS, body: STRING }),
    response: object({ statusCode: INTEGER, headers: ANY_FIELDS, body: STRING }),
    error: described(STRING, 'Why there is no response.'),
  },
  ['response', 'error'],
)

export const NOTIFICATION = object(
  {
    id: described(INTEGER, 'Counts the notifications from 1.'),
    event_type: STRING,
    notify_url: STRING,
    mchid: described(STRING, 'The merchant, or the brand by its brand_id, that it is for.'),
    resource: described(ANY_FIELDS, 'The content before encryption.'),
    attempts: described(INTEGER, 'The number of attempts.'),
    history: { type: 'array', items: ATTEMPT, description: 'The last 50 attempts, oldest first.' },
    status: { type: 'string', enum: ['waiting', 'acknowledged', 'abandoned', 'skipped'] },
    statusCode: described(INTEGER, 'The status of the last response.'),
    dueAt: described(INTEGER, 'The time of the next attempt: milliseconds since 1970, by business time.'),
  },
  ['statusCode', 'dueAt'],
)

export const CONFIG = {
  ...object(
    {
      mchid: STRING,
      serial: described(STRING, 'The serial number of the merchant API certificate.'),
      privateKey: described(STRING, 'PEM.'),
      certs: described(ANY_FIELDS, 'The keys of WeChat Pay as PEM, by serial number.'),
      apiv3Key: STRING,
      secret: described(STRING, 'The APIv2 key.'),
      merchant: object({ cert: STRING, key: STRING }),
      base_uri: STRING,
      ca: described(STRING, 'PEM: the certificate to trust, with https.'),
    },
    ['ca'],
  ),
  description:
    'The merchant, as an argument of `Builder.factory`. It is fictitious: its keys work with this simulator only.',
}

export const BRAND = object(
  {
    brand_id: STRING,
    serial: described(STRING, "The serial number of the brand's API certificate."),
    privateKey: described(STRING, 'PEM.'),
    certs: described(ANY_FIELDS, 'The keys of WeChat Pay as PEM, by serial number.'),
    apiv3Key: STRING,
    base_uri: STRING,
    ca: described(STRING, 'PEM: the certificate to trust, with https.'),
  },
  ['ca'],
)

export const CALL = object(
  {
    mchid: described(STRING, 'The caller: a merchant, or a brand by its brand_id. Default: the first one.'),
    method: { type: 'string', pattern: '^(?:GET|POST|PUT|PATCH|DELETE)$' },
    path: described(
      STRING,
      'The path with its query; paths of APIv2 begin with `v2/`. It may also be a URL that the simulator has returned.',
    ),
    query: described(ANY_FIELDS, 'Added to the query of `path`.'),
    json: described({}, 'The payload of APIv3. Sensitive fields are given in plain text.'),
    xml: described(ANY_FIELDS, 'The fields of APIv2; `mch_id`, `nonce_str` and `sign` are added.'),
    file: described(STRING, 'The content of a file to upload, as Base64. Its digest is added.'),
    filename: described(STRING, 'Default: `file` with the extension for its content.'),
    meta: described(ANY_FIELDS, 'The fields that go with the file, besides its name and its digest.'),
    headers: described(ANY_FIELDS, 'Added to the headers that a client sends.'),
    encrypt: described({ type: 'boolean' }, 'Whether sensitive fields are encrypted; default true.'),
  },
  ['mchid', 'query', 'json', 'xml', 'file', 'filename', 'meta', 'headers', 'encrypt'],
)

export const CALLED = object({
  request: object({
    method: STRING,
    path: STRING,
    headers: ANY_FIELDS,
    body: described(STRING, 'The body; for an upload, its `meta`.'),
    signed: described(STRING, 'The string that was signed.'),
  }),
  response: object(
    {
      statusCode: described(INTEGER, '0 where a fault closed the connection.'),
      contentType: described(STRING, 'Without its parameters, such as `image/jpeg`.'),
      headers: ANY_FIELDS,
      body: described(STRING, 'A file that is not UTF-8 is encoded in Base64.'),
      encoding: { type: 'string', enum: ['utf8', 'base64'] },
    },
    ['contentType'],
  ),
})

export const SNAPSHOT = {
  ...object({ ledger: ANY_FIELDS, notifications: ANY_FIELDS, requests: ANY_FIELDS }),
  description: 'The response of `snapshot`. Its content may change from version to version.',
}

export const SPAN = object({ days: NUMBER, hours: NUMBER, minutes: NUMBER, seconds: NUMBER }, [
  'days',
  'hours',
  'minutes',
  'seconds',
])
