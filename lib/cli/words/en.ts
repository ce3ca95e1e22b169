/** What the command line prints, in English. */
import type { Mistake } from '../../simulator/index.js'
import type { ErrorKind, Ready } from './parts.js'

const CONFIG = './wechatpay-sandbox/config.json'

export const en = {
  help: {
    program: 'WeChat Pay on the command line: a local simulator, calls, notifications, and a check of your keys.',
    version: 'print the version',
    help: 'print this help',
    lang: 'language of the output; default: from LC_ALL or LANG',
    optionsUsage: '[options]',
    commandUsage: '[command]',
    defaultValue: (value: string) => `(default: ${value})`,
    titles: {
      'Usage:': 'Usage:',
      'Arguments:': 'Arguments:',
      'Options:': 'Options:',
      'Global Options:': 'Global options:',
      'Commands:': 'Commands:',
      'Examples:': 'Examples:',
      'Exit codes:': 'Exit codes:',
    },
    examples: {
      simulate: 'start a simulator, with a page for the payer',
      call: 'call the simulator',
      doctor: 'check your keys',
    },
    exitCodes: {
      done: 'success',
      failed: 'failure: WeChat Pay refused, a check found a fault, or a notification was not acknowledged',
      usage: 'wrong arguments or configuration; nothing was sent',
      unknown: 'the request was sent, and its outcome is unknown: query before you repeat it',
      unconfirmed: 'the call was not confirmed; nothing was sent',
      unreachable: 'the host could not be reached; nothing was sent',
    },
  },
  options: {
    config: 'JSON file with the options of Builder.factory; without it, the WECHATPAY_… variables are used',
    url: 'URL of the simulator',
    json: 'print JSON, for programs',
  },
  commands: {
    simulate: {
      summary: 'run a simulator of WeChat Pay on this machine',
      description:
        'Runs a simulator until you press Ctrl-C. Writes the keys of its merchant to a folder: config.json, .env, PEM and PKCS#12 files. Its page is at /_sim/.',
      port: 'http port; 0 means any free port',
      httpsPort: 'https port',
      noHttps: 'do not serve https',
      dir: 'folder for the keys and the configuration; the next start uses them again',
      host: 'address to listen on; phones and containers can connect to 0.0.0.0',
      notify: 'other hosts that notifications may be sent to',
      state: 'file that keeps orders, refunds and everything else for the next start',
      as: 'hosts of WeChat Pay to replace, with HTTPS_PROXY and ca.pem',
      mchid: 'merchant ID; default: 1900000109',
      merchants: 'JSON file with a list of merchants and brands, as for Simulator.start',
      publicKeyOnly: 'simulate a merchant without platform certificates',
      examples: {
        start: 'start it, then open http://127.0.0.1:8900/_sim/',
        phone: 'for a phone on the same network, keeping the orders',
        as: 'for a shop that cannot change the host: set HTTPS_PROXY and trust ca.pem',
      },
    },
    call: {
      summary: 'call any endpoint and verify the response',
      description:
        'Makes one call, verifies the response and prints it. Asks for confirmation before sending anything except GET to a host other than this machine. name=value fills the placeholder {name} of the path.',
      json: 'payload of APIv3: JSON, @file, or - for standard input',
      xml: "fields of APIv2 as JSON, '{…}', or @file, or - for standard input",
      query: 'query parameter; may be repeated',
      file: 'file to upload',
      sink: 'file to save the response to; a bill or receipt that the response names is downloaded',
      yes: 'do not ask for confirmation',
      examples: {
        query: 'query an order',
        order: 'place an order with the payload from a file',
        bill: 'download a bill',
      },
    },
    doctor: {
      summary: 'check keys, serial, clock, network and notifications',
      description:
        'Checks the keys, the serial, the dates, the clock and the network, and calls the echo endpoint, which moves no money. Prints what to do for each fault. Skips the checks that depend on a failed one.',
      cert: 'the merchant API certificate, apiclient_cert.pem, to compare the key and the serial with',
      notifyUrl: 'public URL that reaches this machine, to check the notification',
      port: 'local port that --notify-url reaches',
      wait: 'seconds to wait for the notification',
      offline: 'only the checks that need no network',
      examples: {
        all: 'everything',
        script: 'with the configuration from the environment, for a script',
        tunnel: 'with the notification, through a tunnel to port 3000',
      },
    },
    certificates: {
      summary: 'download the platform certificates',
      description: 'Downloads the platform certificates, verifies and decrypts them, and lists them.',
      out: 'folder to write them to, as wechatpay_<serial>.pem',
      examples: { write: 'write them to a folder' },
    },
    listen: {
      summary: 'receive, verify and decrypt notifications',
      description:
        'Receives notifications, verifies and decrypts them, and prints them. With --forward-to, forwards the exact bytes and headers to a shop and returns its response.',
      port: 'port to listen on',
      host: 'address to listen on',
      forwardTo: 'URL of the shop',
      examples: {
        print: 'print notifications',
        forward: 'print them and forward them to a shop',
      },
    },
    trigger: {
      summary: 'send a notification from the simulator',
      description:
        'Makes a running simulator send a signed and encrypted notification of any documented event, with sample content. Events of APIv2 begin with v2/.',
      to: 'URL to send it to; default: that of the last notification',
      override: 'field of the content, as in amount.total=100; may be repeated; a value is JSON if it can be',
      examples: {
        payment: 'a payment of 100 fen',
        v2: 'a payment of APIv2',
      },
    },
    logs: {
      summary: "follow the simulator's requests",
      description: 'Follows the requests to a running simulator, and explains refused ones step by step.',
      tail: 'how many earlier requests to print first',
      noFollow: 'stop after the earlier requests',
      examples: {
        follow: 'follow new requests',
        last: 'the last 50, as JSON',
      },
    },
    completion: {
      summary: 'print the completion script of a shell',
      description: 'Prints a script that completes the commands and their options in bash, zsh or fish.',
      examples: {
        bash: 'bash, in ~/.bashrc',
        zsh: 'zsh, in ~/.zshrc, after compinit',
        fish: 'fish',
      },
    },
  },
  usage: {
    hint: (problem: string) => `${problem} Use --help.`,
    similar: (names: string) => ` Did you mean ${names}?`,
    unknownCommand: (name: string) => `Unknown command '${name}'.`,
    unknownOption: (name: string) => `Unknown option '${name}'.`,
    missingArgument: (name: string) => `<${name}> is missing.`,
    missingValue: (option: string) => `${option} needs a value.`,
    missingOption: (option: string) => `${option} is missing.`,
    excessArguments: 'Too many arguments.',
    language: (found: string) => `--lang must be en or zh; got '${found}'.`,
    integer: (option: string, least: number, most: number, found: string) =>
      `${option} must be an integer from ${least} to ${most}; got '${found}'.`,
    pair: (option: string, found: string) => `${option} must be of the form name=value; got '${found}'.`,
  },
  configuration: {
    missing: `The configuration is missing. Pass --config ${CONFIG} (\`npx wechatpay simulate\` writes one), or set WECHATPAY_MCHID, WECHATPAY_SERIAL, WECHATPAY_PRIVATE_KEY and so on.`,
    unreadable: (path: string) => `The configuration ${path} cannot be read. Check the path given to --config.`,
    notJson: (path: string) => `The configuration ${path} must be a JSON object; got something else.`,
    refused: (message: string) => `The configuration cannot be used: ${message}`,
  },
  simulate: {
    ready: ({ url, httpsUrl, page, phones, dir, isProxy }: Ready) =>
      [
        `Ready: ${[url, ...(httpsUrl === undefined ? [] : [httpsUrl])].join(' and ')}`,
        `page: ${page}${phones === undefined ? '' : `, for phones ${phones}`}`,
        `keys: ${dir}`,
        ...(isProxy ? [`HTTPS_PROXY=${url}`] : []),
      ].join(' · '),
    unwritable: (dir: string) => `The folder ${dir} is not writable. Choose a different one with --dir.`,
    unreadable: (dir: string) =>
      `The keys.json in ${dir} is damaged. Delete it to get new keys, or choose a different folder with --dir.`,
    merchants: (path: string) =>
      `--merchants must be a JSON file with a list such as [{ "mchid": "1900000109", "role": "direct" }]; got ${path}, which is missing or different.`,
    refused: (message: string) => `The simulator cannot start: ${message}`,
  },
  call: {
    method: (found: string) => `<METHOD> must be GET, POST, PUT, PATCH or DELETE; got '${found}'.`,
    path: (found: string) =>
      `<path> must be a path such as v3/certificates; got '${found}'. The host is \`base_uri\` of the configuration.`,
    notJson: (option: string) => `${option} must be JSON; got something else. Quote it, or pass @file.`,
    unreadable: (path: string) => `The file ${path} cannot be read. Check the path after @.`,
    unwritable: (path: string) => `The file ${path} cannot be written. Check the path given to --sink.`,
    confirm: (request: string, host: string, caller: string) =>
      `${request} on ${host} is a real call, as ${caller}. Send it? [y/N]`,
    isYes: (reply: string) => /^y(?:es)?$/i.test(reply),
    cannotAsk: (request: string, host: string) =>
      `${request} on ${host} may move real money, and there is no terminal to ask for confirmation. Nothing was sent. Pass --yes to send it.`,
    declined: 'Not confirmed. Nothing was sent.',
    status: (statusCode: number, requestId: string | undefined) =>
      `${statusCode}${requestId === undefined ? '' : ` · request ID ${requestId}`}`,
    progress: (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`,
    saved: (path: string, bytes: number) => `Saved ${path}, ${bytes} bytes.`,
  },
  errors: {
    what: (_kind: ErrorKind, { message }: { message: string; said: string }) => message,
    code: (code: string) => `code ${code}`,
    requestId: (id: string) => `request ID ${id}`,
    sent: { yes: 'the request was sent', no: 'nothing was sent' },
    facts: (facts: readonly string[]) => `[${facts.join('; ')}]`,
    outcomeUnknown: ' Query the result before you repeat the call.',
    other: (message: string) => message,
  },
  certificates: {
    noKey:
      '`apiv3Key` is missing, which decrypts the certificates. Add it to the configuration, or set WECHATPAY_APIV3_KEY.',
    line: (serial: string, validTo: string, file: string | undefined) =>
      `${serial}, valid to ${validTo.slice(0, 10)}${file === undefined ? '' : `, written to ${file}`}`,
    unwritable: (file: string) => `The file ${file} is not writable. Choose a different folder with --out.`,
  },
  server: {
    portTaken: (port: string, option: string) =>
      `Port ${port} is in use. Stop the program that uses it, or choose a different port with ${option}.`,
    portForbidden: (port: string, option: string) =>
      `Port ${port} is not permitted. Choose one above 1023 with ${option}.`,
    noAddress: (address: string) => `This machine does not have the address ${address}. Choose a different --host.`,
  },
  listen: {
    ready: (url: string, target: string | undefined) =>
      `Listening on ${url}${target === undefined ? '' : `, forwarding to ${target}`}. Stop with Ctrl-C.`,
    notUrl: (found: string) => `--forward-to must be an http or https URL; got '${found}'.`,
    responded: (statusCode: number) => `responded ${statusCode}`,
    forwarded: (statusCode: number) => `the shop responded ${statusCode}`,
    invalid: (code: string, message: string) => `${code}: ${message}`,
  },
  control: {
    notUrl: (found: string) => `--url must be the URL of a simulator; got '${found}'.`,
    unreachable: (url: string) =>
      `No simulator responds at ${url}. Start one with \`npx wechatpay simulate\`, or pass its URL as --url.`,
    noSimulator: (url: string) => `The server at ${url} is not a simulator. Pass the URL of the simulator as --url.`,
  },
  trigger: {
    acknowledged: (event: string, url: string, statusCode: number) =>
      `${event} → ${url}: acknowledged with ${statusCode}.`,
    notAcknowledged: (event: string, url: string, statusCode: number | undefined, said: string) =>
      `${event} → ${url}: ${statusCode === undefined ? 'no response' : `responded ${statusCode}`}, not acknowledged${said === '' ? '' : ` (${said.slice(0, 200)})`}. Respond with 200 or 204.`,
    refused: (message: string) => `The simulator refused to send it: ${message}`,
  },
  logs: {
    ended: (url: string) => `The simulator at ${url} has stopped.`,
  },
  steps: {
    headers: 'Accept and User-Agent',
    authorization: 'Authorization header',
    scheme: 'scheme',
    mchid: 'mchid',
    serial_no: 'serial_no',
    timestamp: 'timestamp',
    nonce_str: 'nonce_str',
    signature: 'signature',
    content: 'content',
    field: (field: string) => `content, ${field}`,
    failed: (step: string, said: string) => `${step}: ${said}`,
    expected: (string: string) => `the string to sign: ${string}`,
    signed: (string: string) => `the string that was signed: ${string}`,
  },
  mistake: ({ message }: Mistake) => message,
  completion: {
    unknownShell: (found: string) => `The shell must be bash, zsh or fish; got '${found}'.`,
  },
  checks: {
    merchant: 'merchant ID',
    'private-key': 'private key',
    certificate: 'merchant certificate',
    'key-pair': 'key and certificate',
    serial: 'serial',
    'platform-keys': "WeChat Pay's keys",
    'apiv3-key': 'APIv3 key',
    'apiv2-key': 'APIv2 key',
    configuration: 'configuration',
    reachable: 'network',
    clock: 'clock',
    signature: 'your signature',
    response: "WeChat Pay's signature",
    certificates: 'platform certificates',
    encryption: 'encryption',
    callback: 'notification',
  },
  materials: {
    'private-key': 'a private key',
    'public-key': 'a public key',
    'merchant-certificate': 'a merchant certificate (apiclient_cert.pem)',
    'platform-certificate': 'a platform certificate of WeChat Pay',
    'encrypted-key': 'an encrypted private key',
    pkcs12: 'a PKCS#12 file (apiclient_cert.p12)',
    'certificate-request': 'a certificate request',
    damaged: 'a damaged PEM file',
    unknown: 'something that is not a key',
    nothing: 'nothing',
    other: 'a key in a different form',
  },
  doctor: {
    line: (check: string, found: string) => `${check}: ${found}`,
    follows: (cause: string) => `skipped, because this check failed: ${cause}`,
    offline: 'skipped, because of --offline',
    inPkcs12: 'in the PKCS#12 file, which is not checked',
    otherForm: 'in a form that this check cannot read',
    noCertificate: 'not given; pass --cert apiclient_cert.pem to compare the key and the serial with it',
    noPair: 'not compared',
    pair: 'they match',
    validTo: (serial: string, date: string) => `${serial}, valid to ${date}`,
    serialFromCertificate: (serial: string) => `${serial}, from the certificate`,
    platformKeysDownloaded: 'none configured; platform certificates are downloaded with the APIv3 key',
    noApiv3Key: 'not configured; notifications and platform certificates need `apiv3Key`',
    noSecret: 'not configured; only APIv2 needs `secret`',
    keyLength: '32 bytes',
    accepted: 'complete',
    reached: (host: string, statusCode: number, proxy: string | undefined) =>
      `${host} responds (${statusCode})${proxy === undefined ? '' : `, through the proxy ${proxy}`}`,
    noDate: 'the response has no Date',
    clock: (seconds: number) => (seconds <= 1 ? 'correct' : `${seconds} seconds off, which is accepted`),
    signatureAccepted: 'WeChat Pay accepts it',
    responseVerified: 'verified with the configured keys',
    noEcho: (code: string) => `this merchant has no access to the echo endpoint (${code})`,
    certificates: (count: number) => `${count} downloaded and decrypted with the APIv3 key`,
    noCertificates: 'this merchant has none and uses the WeChat Pay public key',
    encrypted: 'a sensitive field was sent and returned correctly',
    noNotifyUrl: 'skipped; pass --notify-url with a public URL that reaches this machine',
    callbackReceived: (event: string) => `${event} received, verified and decrypted`,
    brand: 'skipped for a brand, which has no echo endpoint',
    sound: 'No faults.',
    faults: (count: number) => (count === 1 ? '1 fault.' : `${count} faults.`),
  },
  faults: {
    MCHID_MISSING: () => '`mchid` is missing. Copy the merchant ID (商户号) from 商户平台 → 账户中心.',
    MCHID_MALFORMED: () =>
      '`mchid` must be a string of digits; got something else. Copy the merchant ID (商户号) from 商户平台 → 账户中心.',
    FILE_MISSING: (option: string, path: string) =>
      `\`${option}\` names a file that cannot be read: ${path}. Check the path and its permissions.`,
    PRIVATE_KEY_WRONG_FILE: (found: string, _option: string) =>
      `\`privateKey\` must be the merchant API private key; got ${found}. Use apiclient_key.pem, which begins with -----BEGIN PRIVATE KEY-----.`,
    PRIVATE_KEY_WEAK: (bits: number) =>
      `\`privateKey\` must have at least 2048 bits; got ${bits}. Create the certificate again with WeChat Pay's tool.`,
    CERTIFICATE_WRONG_FILE: (found: string, _option: string) =>
      `The merchant certificate must be the merchant API certificate; got ${found}. Use apiclient_cert.pem, which WeChat Pay issued to your merchant ID.`,
    CERTIFICATE_OF_OTHER_MERCHANT: (owner: string, mchid: string) =>
      `The merchant certificate was issued to ${owner}, but \`mchid\` is ${mchid}. Correct \`mchid\`, or use the certificate of that merchant.`,
    CERTIFICATE_EXPIRED: (date: string) =>
      `The merchant certificate expired on ${date}. Apply for a new one in 商户平台 → 账户中心 → API安全, and replace the key, the certificate and the serial.`,
    CERTIFICATE_NOT_YET_VALID: (date: string) =>
      `The merchant certificate is not valid before ${date}. Check this machine's clock.`,
    CERTIFICATE_EXPIRES_SOON: (date: string) =>
      `The merchant certificate expires on ${date}. Apply for a new one in 商户平台 → 账户中心 → API安全.`,
    PRIVATE_KEY_OF_OTHER_CERTIFICATE: () =>
      'The private key does not belong to the merchant certificate. Use the apiclient_key.pem and the apiclient_cert.pem that were created together.',
    SERIAL_MISSING: () =>
      '`serial` is missing. Copy the serial of the merchant API certificate from 商户平台 → 账户中心 → API安全, or pass --cert apiclient_cert.pem.',
    SERIAL_IS_PUBLIC_KEY_ID: () =>
      '`serial` must be that of the merchant API certificate; got the ID of a WeChat Pay public key. Use that ID in `certs`.',
    SERIAL_OF_PLATFORM: (serial: string) =>
      `\`serial\` must be that of the merchant API certificate; got ${serial}, which is one of WeChat Pay's in \`certs\`. Copy yours from 商户平台 → 账户中心 → API安全.`,
    SERIAL_DECIMAL: (hex: string) => `\`serial\` must be in hex; got a decimal number. Write ${hex}.`,
    SERIAL_MALFORMED: () =>
      '`serial` must be at most 40 hex digits; got something else. Copy it from 商户平台 → 账户中心 → API安全.',
    SERIAL_OF_OTHER_CERTIFICATE: (own: string) =>
      `\`serial\` must be ${own}, that of the merchant certificate; got a different one. Correct it, or omit it.`,
    PLATFORM_KEYS_MISSING: () =>
      '`certs` and `apiv3Key` are missing: no response can be verified. Add the WeChat Pay public key under its PUB_KEY_ID_…, or the APIv3 key to download certificates.',
    PLATFORM_KEY_WRONG_FILE: (found: string, option: string) =>
      `\`${option === 'certs' ? 'certs' : `certs.${option}`}\` must be a key of WeChat Pay; got ${found}. Use pub_key.pem or a platform certificate.`,
    PLATFORM_KEY_IS_MERCHANTS: () =>
      '`certs` contains the public key of your own private key. Use the WeChat Pay public key, pub_key.pem from 商户平台 → 账户中心 → API安全 → 微信支付公钥.',
    PUBLIC_KEY_ID_MALFORMED: () =>
      'The WeChat Pay public key in `certs` must be under its ID, PUB_KEY_ID_ and digits; got a different name. Copy the ID from 商户平台 → 账户中心 → API安全 → 微信支付公钥.',
    PUBLIC_KEY_IS_CERTIFICATE: (id: string) =>
      `\`certs.${id}\` must be the WeChat Pay public key; got a platform certificate. Use pub_key.pem, or put the certificate under its own serial.`,
    PLATFORM_CERTIFICATE_SERIAL: (serial: string) =>
      `A platform certificate in \`certs\` must be under its own serial, ${serial}; got a different name. Rename it.`,
    PLATFORM_CERTIFICATE_EXPIRED: (date: string) =>
      `A platform certificate in \`certs\` expired on ${date}. Run \`npx wechatpay certificates\`, or omit it so that it is downloaded.`,
    KEY_WITH_WHITE_SPACE: () => 'The key begins or ends with white space. Remove the white space.',
    KEY_IS_PEM: () => 'The key must be 32 characters; got PEM. Use the PEM as `privateKey` or in `certs`.',
    KEY_LENGTH: (bytes: number) =>
      `The key must be 32 bytes; got ${bytes}. Copy the key that was set in 商户平台 → 账户中心 → API安全.`,
    CONFIGURATION_REFUSED: (message: string) => message,
    HOST_UNKNOWN: (host: string) =>
      `The name ${host} cannot be resolved. Check \`base_uri\` and the DNS of this machine.`,
    HOST_UNREACHABLE: (host: string, code: string) =>
      `${host} cannot be reached (${code}). Check \`base_uri\`, the network and the firewall.`,
    TLS_UNTRUSTED: (host: string, code: string) =>
      `The https certificate of ${host} is not trusted (${code}). For a simulator, pass its ca.pem as \`ca\`; otherwise find out what intercepts the connection.`,
    PROXY_FAILED: (proxy: string, code: string) =>
      `The proxy ${proxy} does not reach WeChat Pay (${code}). Correct \`proxy\` or HTTPS_PROXY, or remove the proxy.`,
    CLOCK_WRONG: (seconds: number, isAhead: boolean) =>
      `This machine's clock is ${seconds} seconds ${isAhead ? 'ahead' : 'behind'}; WeChat Pay allows 300. Set it by NTP.`,
    SERIAL_UNKNOWN: () =>
      'WeChat Pay does not know `serial` for this merchant. Copy the serial of the merchant API certificate from 商户平台 → 账户中心 → API安全.',
    MCHID_UNKNOWN: () => 'WeChat Pay does not know `mchid`. Copy the merchant ID (商户号) from 商户平台 → 账户中心.',
    SIGNATURE_TIME: () => "WeChat Pay refused the time of the signature. Set this machine's clock by NTP.",
    SIGNATURE_WRONG: () =>
      'WeChat Pay refused the signature: `privateKey` does not belong to `serial`. Use the apiclient_key.pem that was created with that certificate.',
    PLATFORM_KEY_UNKNOWN: (serial: string) =>
      `WeChat Pay signs with ${serial || 'a key'}, which is not in \`certs\`. Add that key under this name.`,
    PLATFORM_KEY_WRONG: () =>
      'The signature does not match the key in `certs`: the ID is right, but the file contains a different key. Download pub_key.pem again from 商户平台 → 账户中心 → API安全 → 微信支付公钥.',
    RESPONSE_INVALID: (message: string) => message,
    PUBLIC_KEY_MISSING: () =>
      'This merchant has no platform certificates: WeChat Pay signs with a public key, which is missing in `certs`. Download pub_key.pem from 商户平台 → 账户中心 → API安全 → 微信支付公钥, and add it under its PUB_KEY_ID_….',
    APIV3_KEY_WRONG: (isApiv2Key: boolean) =>
      `\`apiv3Key\` is 32 bytes, but not the right key: it cannot decrypt what WeChat Pay encrypted.${isApiv2Key ? ' It is the same as `secret`, the APIv2 key.' : ''} Use the APIv3 key (APIv3密钥), not the APIv2 key, as set in 商户平台 → 账户中心 → API安全.`,
    ENCRYPTION_REFUSED: () =>
      'WeChat Pay cannot decrypt a field that was encrypted with the key in `certs`. Check that pub_key.pem and its PUB_KEY_ID_… belong together and to this merchant.',
    ENCRYPTION_WRONG: () =>
      'A field that WeChat Pay encrypted cannot be decrypted with `privateKey`. Check that `privateKey` belongs to `serial`.',
    CALLBACK_MISSING: (url: string, seconds: number) =>
      `No notification arrived at ${url} within ${seconds} seconds. Check that the URL is public and reaches this machine.`,
    CALLBACK_FORGED: (reason: string) =>
      `A notification with an invalid signature arrived (${reason}). Check that nothing between WeChat Pay and this machine changes its body or its headers.`,
    CALL_FAILED: (message: string) => message,
  },
}

/** Every sentence that the command line prints. A language without one of them does not compile. */
export type Words = typeof en
