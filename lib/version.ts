/** The version and the User-Agent of this package. */

export const version = '0.1.0'

export const userAgent = `wechatpay-chain/${version} node/${process.versions.node} (${process.platform}; ${process.arch})`
