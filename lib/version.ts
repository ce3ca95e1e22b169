/** How this package names itself to WeChat Pay. */

export const version = '0.1.0'

export const userAgent = `wechatpay-chain/${version} node/${process.versions.node} (${process.platform}; ${process.arch})`
