/**
 * The two OpenAPI documents of this package, parsed when they are first needed. CommonJS, because only a plain `require`
 * is lazy, synchronous and visible to bundlers; by the name of the package, which leads to the same files from the
 * sources, from `dist` and from where it is installed. The compiler must not follow it, or it would infer types from
 * megabytes of JSON.
 *
 * @type {Readonly<Record<'v3' | 'v2', () => any>>}
 */
exports.documents = {
  v3: () => require(/** @type {string} */ ('wechatpay-chain/openapi/v3.json')),
  v2: () => require(/** @type {string} */ ('wechatpay-chain/openapi/v2.json')),
}
