/**
 * What is loaded when it is first needed. CommonJS, because only a plain `require` is lazy,
 * synchronous and visible to bundlers; in one file, because each file is paid for at every start.
 */

// Undici's index loads five times as many modules as its agents need, and sets the global dispatcher.
exports.requireAgent = () => require('undici/lib/dispatcher/agent.js')
// Undici loads it as well; a process that sends no request needs neither.
exports.requireTls = () => require('node:tls')
exports.requireTunnel = () => ({
  EnvHttpProxyAgent: require('undici/lib/dispatcher/env-http-proxy-agent.js'),
  Pool: require('undici/lib/dispatcher/pool.js'),
  // The index would give pools this method.
  connect: require('undici/lib/api/api-connect.js'),
})
exports.requireSaxes = () => require('saxes')
exports.requireForge = () => require('./forge.cjs')
