/** Runs the command line: arguments in, an exit code out. The process is the caller's. */
import { CommanderError } from 'commander'
import { EXIT, type ExitCode, Failure } from './exit-codes.js'
import { createProgram } from './program.js'
import { type Environment, type Streams, Terminal } from './terminal.js'
import { languageOf, wordsOf } from './words/words.js'

/** `argv` are the arguments alone. Resolves when the command has ended; never rejects. */
export async function run(argv: readonly string[], streams: Streams, environment: Environment): Promise<ExitCode> {
  const terminal = new Terminal(streams, environment, wordsOf(languageOf(argv, environment)))
  let exitCode: ExitCode = EXIT.done
  const program = createProgram(terminal, async command => {
    exitCode = await command()
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    return await report(error, terminal)
  }
}

async function report(error: unknown, terminal: Terminal): Promise<ExitCode> {
  const { words } = terminal
  const refuse = (message: string) => terminal.note(`${terminal.paintNote('red', 'wechatpay:')} ${message}`)
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.done
    // Without a command, the help is shown; no message is needed.
    if (error.code !== 'commander.help') refuse(words.usage.hint(usageProblem(error, terminal)))
    return EXIT.usage
  }
  if (error instanceof Failure) {
    refuse(error.message)
    return error.exitCode
  }
  // Loads the library, which a wrong argument does not need.
  const { describeError } = await import('./library-errors.js')
  const { message, exitCode } = describeError(error, words)
  refuse(message)
  return exitCode
}

/** Commander's messages are English; only the names are taken from them. */
function usageProblem({ code, message }: CommanderError, { words }: Terminal): string {
  const { usage } = words
  const [, name = ''] = /'([^']*)'/.exec(message) ?? []
  const [, similar] = /\(Did you mean (?:one of )?(.*)\?\)/s.exec(message) ?? []
  const suggestion = similar === undefined ? '' : usage.similar(similar)
  switch (code) {
    case 'commander.unknownCommand':
      return usage.unknownCommand(name) + suggestion
    case 'commander.unknownOption':
      return usage.unknownOption(name) + suggestion
    case 'commander.missingArgument':
      return usage.missingArgument(name)
    case 'commander.optionMissingArgument':
      return usage.missingValue(name)
    case 'commander.missingMandatoryOptionValue':
      return usage.missingOption(name)
    case 'commander.excessArguments':
      return usage.excessArguments
    default:
      return message
  }
}
