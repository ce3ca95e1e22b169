#!/usr/bin/env node
/** The command `wechatpay`: runs the command line in this process. */
import { run } from './run.js'

const ended = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second signal stops the process at once.
    if (ended.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143)
    ended.abort()
  })
}
// A reader such as `head` may close the pipe early.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

const { stdin, stdout, stderr } = process
process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, signal: ended.signal }, process.env)
