/** The commands with their arguments, options and help. The code of a command is loaded when it runs. */
import { readFileSync } from 'node:fs'
import { Command, Help, Option } from 'commander'
import type { CallOptions } from './call.js'
import type { CertificatesOptions } from './certificates.js'
import type { DoctorOptions } from './doctor/doctor.js'
import { EXAMPLES, FIRST_EXAMPLES } from './examples.js'
import { EXIT, type ExitCode, Failure } from './exit-codes.js'
import type { ListenOptions } from './listen.js'
import type { LogsOptions } from './logs.js'
import type { SimulateOptions } from './simulate/simulate.js'
import type { Terminal } from './terminal.js'
import type { TriggerOptions } from './trigger.js'
import { isLanguage, type Words } from './words/words.js'

type Run = (command: () => Promise<ExitCode>) => Promise<void>

/** `run` is called with the chosen command. */
export function createProgram(terminal: Terminal, run: Run): Command {
  const { words } = terminal
  const { commands } = words
  const integer = (option: string, least: number, most: number) => (value: string) => {
    if (/^\d+$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value)
    throw new Failure(EXIT.usage, words.usage.integer(option, least, most, value))
  }
  const port = (option: string) => integer(option, 0, 65_535)
  const program = new Command('wechatpay')
    .description(words.help.program)
    .version(packageVersion(), '-V, --version', words.help.version)
    .helpOption('-h, --help', words.help.help)
    .helpCommand(false)
    .addOption(new Option('--lang <en|zh>', words.help.lang).argParser(language(words)))
    .configureHelp({ ...translatedHelp(words), showGlobalOptions: true })
    .configureOutput({
      writeOut: text => terminal.stdout.write(text),
      writeErr: text => terminal.stderr.write(text),
      getOutHelpWidth: () => terminal.stdout.columns ?? 100,
      getErrHelpWidth: () => terminal.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      // `run` prints the message in the language of the user.
      outputError: () => {},
    })
    .exitOverride()
    .addHelpText('after', examplesText(words, words.help.examples, FIRST_EXAMPLES) + exitCodesText(words))
  const command = (name: keyof Words['commands'], usage = name as string): Command => {
    const { summary, description } = commands[name]
    return program
      .command(usage)
      .summary(summary)
      .description(description)
      .helpOption('-h, --help', words.help.help)
      .addHelpText('after', examplesText(words, commands[name].examples, EXAMPLES[name]) + exitCodesText(words))
  }
  const config = ['--config <file>', words.options.config] as const
  const url = ['--url <url>', words.options.url, 'http://127.0.0.1:8900'] as const
  const json = ['--json', words.options.json] as const

  command('simulate')
    .option('--port <port>', commands.simulate.port, port('--port'), 8900)
    .option('--https-port <port>', commands.simulate.httpsPort, port('--https-port'), 8901)
    .option('--no-https', commands.simulate.noHttps)
    .option('--dir <dir>', commands.simulate.dir, './wechatpay-sandbox')
    .option('--host <address>', commands.simulate.host, '127.0.0.1')
    .option('--notify <host...>', commands.simulate.notify)
    .option('--state <file>', commands.simulate.state)
    .option('--as <host...>', commands.simulate.as)
    .option('--mchid <mchid>', commands.simulate.mchid)
    .option('--merchants <file>', commands.simulate.merchants)
    .option('--public-key-only', commands.simulate.publicKeyOnly)
    .option(...json)
    .action((options: SimulateOptions) =>
      run(async () => (await import('./simulate/simulate.js')).simulate(terminal, options)),
    )

  command('call', 'call <METHOD> <path> [name=value...]')
    .option('--json <json>', commands.call.json)
    .option('--xml <json>', commands.call.xml)
    .option('--query <name=value>', commands.call.query, collect, [])
    .option('--file <file>', commands.call.file)
    .option('--sink <file>', commands.call.sink)
    .option('--yes', commands.call.yes)
    .option(...config)
    .action((method: string, path: string, values: string[], options: CallOptions) =>
      run(async () => (await import('./call.js')).call(terminal, { method, path, values, ...options })),
    )

  command('doctor')
    .option('--cert <file>', commands.doctor.cert)
    .option('--notify-url <url>', commands.doctor.notifyUrl)
    .option('--port <port>', commands.doctor.port, port('--port'))
    .option('--wait <seconds>', commands.doctor.wait, integer('--wait', 0, 3600), 10)
    .option('--offline', commands.doctor.offline)
    .option(...config)
    .option(...json)
    .action((options: DoctorOptions) => run(async () => (await import('./doctor/doctor.js')).doctor(terminal, options)))

  command('certificates')
    .option('--out <dir>', commands.certificates.out)
    .option(...config)
    .option(...json)
    .action((options: CertificatesOptions) =>
      run(async () => (await import('./certificates.js')).certificates(terminal, options)),
    )

  command('listen')
    .option('--port <port>', commands.listen.port, port('--port'), 3000)
    .option('--host <address>', commands.listen.host, '127.0.0.1')
    .option('--forward-to <url>', commands.listen.forwardTo)
    .option(...config)
    .option(...json)
    .action((options: ListenOptions) => run(async () => (await import('./listen.js')).listen(terminal, options)))

  command('trigger', 'trigger <EVENT>')
    .option('--to <url>', commands.trigger.to)
    .option('--override <path=value>', commands.trigger.override, collect, [])
    .option(...url)
    .option(...json)
    .action((event: string, options: TriggerOptions) =>
      run(async () => (await import('./trigger.js')).trigger(terminal, { event, ...options })),
    )

  command('logs')
    .option(...url)
    .option('--tail <count>', commands.logs.tail, integer('--tail', 0, 1000), 10)
    .option('--no-follow', commands.logs.noFollow)
    .option(...json)
    .action((options: LogsOptions) => run(async () => (await import('./logs.js')).logs(terminal, options)))

  command('completion', 'completion <bash|zsh|fish>').action((shell: string) =>
    run(async () => (await import('./completion.js')).completion(terminal, { shell, program })),
  )

  return program
}

function collect(value: string, values: readonly string[]): string[] {
  return [...values, value]
}

function language(words: Words): (value: string) => string {
  return value => {
    if (isLanguage(value)) return value
    throw new Failure(EXIT.usage, words.usage.language(value))
  }
}

/** Commander's help, with its titles and notes in the language of the user. */
function translatedHelp({ help }: Words): Partial<Help> {
  const titles: Readonly<Record<string, string>> = help.titles
  return {
    styleTitle: title => titles[title] ?? title,
    optionDescription: ({ description, defaultValue, negate, variadic }) => {
      const isShown = defaultValue !== undefined && !negate && !variadic && !Array.isArray(defaultValue)
      return isShown ? `${description} ${help.defaultValue(String(defaultValue))}` : description
    },
    commandUsage: command =>
      new Help().commandUsage(command).replace('[options]', help.optionsUsage).replace('[command]', help.commandUsage),
    subcommandTerm: command => command.name(),
  }
}

type Named = Readonly<Record<string, string>>

function examplesText({ help }: Words, meanings: Named, examples: Named): string {
  const lines = Object.entries(examples).map(([name, example]) => `  # ${meanings[name]}\n  $ ${example}\n`)
  return `\n${help.titles['Examples:']}\n${lines.join('')}`
}

function exitCodesText({ help }: Words): string {
  const meanings: Named = help.exitCodes
  const lines = Object.entries(EXIT).map(([name, code]) => `  ${code}  ${meanings[name]}\n`)
  return `\n${help.titles['Exit codes:']}\n${lines.join('')}`
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return String(version)
}
