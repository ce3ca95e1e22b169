export default { serverExternalPackages: ['wechatpay-chain'] }
