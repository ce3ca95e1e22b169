/** `completion`: the scripts by which shells complete the commands and their options. */
import type { Command } from 'commander'
import { EXIT, type ExitCode, Failure } from './exit-codes.js'
import type { Terminal } from './terminal.js'

interface Completed {
  readonly name: string
  readonly summary: string
  readonly options: readonly { readonly long: string; readonly description: string; readonly takesValue: boolean }[]
}

export async function completion(
  terminal: Terminal,
  { shell, program }: { shell: string; program: Command },
): Promise<ExitCode> {
  const commands = program.commands.map(command => describe(command))
  const script = SCRIPTS[shell]
  if (!script) throw new Failure(EXIT.usage, terminal.words.completion.unknownShell(shell))
  terminal.print(script(commands))
  return EXIT.done
}

function describe(command: Command): Completed {
  const all = [...command.options, ...(command.parent?.options.filter(({ long }) => long === '--lang') ?? [])]
  const options = all.flatMap(({ long, description, required }) =>
    long ? [{ long, description, takesValue: required }] : [],
  )
  const help = { long: '--help', description: '', takesValue: false }
  return { name: command.name(), summary: command.summary(), options: [...options, help] }
}

const SCRIPTS: Readonly<Record<string, (commands: readonly Completed[]) => string>> = { bash, zsh, fish }

const SHELLS = 'bash zsh fish'
const METHODS = 'GET POST PUT PATCH DELETE'
/** Options whose values are paths. */
const PATHS = ['--config', '--dir', '--state', '--merchants', '--cert', '--out', '--sink', '--file']

function bash(commands: readonly Completed[]): string {
  const cases = commands.map(
    ({ name, options }) => `    ${name}) words="${options.map(({ long }) => long).join(' ')}" ;;`,
  )
  return `_wechatpay() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  COMPREPLY=()
  case "$previous" in
    ${PATHS.join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --lang) COMPREPLY=($(compgen -W "en zh" -- "$current")); return ;;
    completion) COMPREPLY=($(compgen -W "${SHELLS}" -- "$current")); return ;;
    call) COMPREPLY=($(compgen -W "${METHODS}" -- "$current")); return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')} --help --version --lang" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _wechatpay wechatpay`
}

function zsh(commands: readonly Completed[]): string {
  const names = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`)
  const cases = commands.map(({ name, options }) => {
    const specs = options.map(({ long, description, takesValue }) => {
      const value = takesValue ? `:${long.slice(2)}:${PATHS.includes(long) ? '_files' : ''}` : ''
      return `        ${quote(`*${long}[${description.replace(/[[\]:]/g, ' ')}]${value}`)}`
    })
    const first = name === 'call' ? METHODS : name === 'completion' ? SHELLS : ''
    const rest = first === '' ? [] : [`        ${quote(`1::(${first})`)}`]
    return `    ${name})\n      _arguments \\\n${[...specs, ...rest].join(' \\\n')} ;;`
  })
  return `#compdef wechatpay
_wechatpay() {
  local -a commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _wechatpay wechatpay`
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c wechatpay -f -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
    ...options.map(({ long, description, takesValue }) => {
      const files = PATHS.includes(long) ? ' -F' : ''
      return `complete -c wechatpay -n '__fish_seen_subcommand_from ${name}' -l ${long.slice(2)}${takesValue ? ' -r' : ''}${files} -d ${quote(description)}`
    }),
  ])
  return [
    'complete -c wechatpay -f',
    ...lines,
    `complete -c wechatpay -n '__fish_seen_subcommand_from completion' -a '${SHELLS}'`,
    `complete -c wechatpay -n '__fish_seen_subcommand_from call' -a '${METHODS}'`,
  ].join('\n')
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
