/** What the command line prints, in Chinese. */
import type { Words } from './en.js'

const CONFIG = './wechatpay-sandbox/config.json'

export const zh: Words = {
  help: {
    program: '命令行里的微信支付：本地模拟器、接口调用、回调通知、密钥检查。',
    version: '显示版本号',
    help: '显示帮助',
    lang: '输出语言；默认取自 LC_ALL 或 LANG',
    optionsUsage: '[选项]',
    commandUsage: '[命令]',
    defaultValue: value => `（默认 ${value}）`,
    titles: {
      'Usage:': '用法：',
      'Arguments:': '参数：',
      'Options:': '选项：',
      'Global Options:': '通用选项：',
      'Commands:': '命令：',
      'Examples:': '示例：',
      'Exit codes:': '退出码：',
    },
    examples: {
      simulate: '启动模拟器，付款在它的网页上完成',
      call: '调用模拟器',
      doctor: '检查密钥',
    },
    exitCodes: {
      done: '一切正常',
      failed: '失败：微信支付拒绝、检查发现问题、通知未被确认',
      usage: '用法错误：参数或配置有误；没有发送任何请求',
      unknown: '请求已发送，结果未知：先查询，再决定是否重试',
      unconfirmed: '未经确认；没有发送任何请求',
      unreachable: '无法连接主机；没有发送任何请求',
    },
  },
  options: {
    config: '配置文件（JSON），内容与 Builder.factory 的参数相同；不指定时读取 WECHATPAY_… 环境变量',
    url: '模拟器的地址',
    json: '输出 JSON，供程序读取',
  },
  commands: {
    simulate: {
      summary: '在本机运行微信支付模拟器',
      description:
        '运行模拟器，直到按 Ctrl-C 结束。商户的密钥写入一个目录：config.json、.env、PEM 和 PKCS#12 文件。网页在 /_sim/。',
      port: 'http 端口；0 表示任意空闲端口',
      httpsPort: 'https 端口',
      noHttps: '不启用 https',
      dir: '存放密钥和配置的目录；下次启动时保持不变',
      host: '监听地址；0.0.0.0 允许手机和容器访问',
      notify: '允许发送通知的其他主机',
      state: '保存订单、退款等全部状态的文件',
      as: '代替微信支付的这些域名，配合 HTTPS_PROXY 和 ca.pem 使用',
      mchid: '商户号；默认 1900000109',
      merchants: '商户和品牌列表的 JSON 文件，内容同 Simulator.start 的 merchants',
      publicKeyOnly: '没有平台证书的商户',
      examples: {
        start: '启动，然后打开 http://127.0.0.1:8900/_sim/',
        phone: '让同一网络的手机可以访问，并保留订单',
        as: '用于无法修改域名的商城：设置 HTTPS_PROXY，并信任 ca.pem',
      },
    },
    call: {
      summary: '调用任意接口，并验证应答',
      description:
        '发起一次调用，验证应答并输出。除 GET 以外，发往本机以外的请求都会先询问。name=value 填入路径中的占位符 {name}。',
      json: 'APIv3 的请求体：JSON、@文件，或用 - 从标准输入读取',
      xml: "APIv2 的字段，写成 JSON：'{…}'、@文件，或用 - 从标准输入读取",
      query: '查询参数；可重复',
      file: '要上传的文件',
      sink: '保存应答的文件；应答中给出下载地址的账单、回单会直接下载',
      yes: '动用资金前不再询问',
      examples: {
        query: '查询订单',
        order: '下单，请求体来自文件',
        bill: '下载账单',
      },
    },
    doctor: {
      summary: '检查密钥、序列号、时钟、网络和通知',
      description:
        '检查密钥、序列号、有效期、时钟和网络，并调用不涉及资金的回显接口。每个问题都说明如何解决；由某个问题引起的其他检查会跳过。',
      cert: '商户 API 证书 apiclient_cert.pem，用来核对私钥和序列号',
      notifyUrl: '能访问到本机的公网地址，用来检查通知',
      port: '--notify-url 指向的端口',
      wait: '等待通知的秒数',
      offline: '只做不需要网络的检查',
      examples: {
        all: '全部检查',
        script: '从环境变量读取配置，供脚本使用',
        tunnel: '通过隧道把通知转到 3000 端口',
      },
    },
    certificates: {
      summary: '下载平台证书',
      description: '下载平台证书，验证、解密并列出。',
      out: '写入的目录，文件名为 wechatpay_<序列号>.pem',
      examples: { write: '写入目录' },
    },
    listen: {
      summary: '接收、验证并解密通知',
      description:
        '接收通知，验证、解密并输出。使用 --forward-to 时，把原始字节和请求头原样转发给商城，并返回商城的应答。',
      port: '监听端口',
      host: '监听地址',
      forwardTo: '商城的地址',
      examples: {
        print: '输出通知',
        forward: '输出并转发给商城',
      },
    },
    trigger: {
      summary: '让模拟器发送一条通知',
      description: '让运行中的模拟器发送任意一种通知，已签名并加密，内容为示例数据。APIv2 的通知以 v2/ 开头。',
      to: '发送到的地址；默认是上一条通知的地址',
      override: '修改内容中的字段，例如 amount.total=100；可重复；值能解析为 JSON 时按 JSON 处理',
      examples: {
        payment: '一笔 100 分的付款',
        v2: 'APIv2 的通知',
      },
    },
    logs: {
      summary: '跟踪模拟器收到的请求',
      description: '跟踪运行中的模拟器收到的请求；被拒绝的请求会逐步说明原因。',
      tail: '先输出最近多少条请求',
      noFollow: '输出后即结束',
      examples: {
        follow: '持续跟踪',
        last: '最近 50 条，输出 JSON',
      },
    },
    completion: {
      summary: '输出 shell 的补全脚本',
      description: '输出 bash、zsh 或 fish 的补全脚本，用于补全命令和选项。',
      examples: {
        bash: 'bash，写入 ~/.bashrc',
        zsh: 'zsh，写入 ~/.zshrc，放在 compinit 之后',
        fish: '用于 fish',
      },
    },
  },
  usage: {
    hint: problem => `${problem}请用 --help 查看用法。`,
    similar: names => `是否想用 ${names}？`,
    unknownCommand: name => `没有“${name}”这个命令。`,
    unknownOption: name => `没有“${name}”这个选项。`,
    missingArgument: name => `缺少参数 <${name}>。`,
    missingValue: option => `选项 ${option} 需要一个值。`,
    missingOption: option => `缺少选项 ${option}。`,
    excessArguments: '参数太多。',
    language: found => `--lang 必须是 en 或 zh，实际为“${found}”。`,
    integer: (option, least, most, found) => `${option} 必须是 ${least} 到 ${most} 之间的整数，实际为“${found}”。`,
    pair: (option, found) => `${option} 必须写成 name=value，实际为“${found}”。`,
  },
  configuration: {
    missing: `没有配置。请指定 --config ${CONFIG}（由 npx wechatpay simulate 生成），或设置 WECHATPAY_MCHID、WECHATPAY_SERIAL、WECHATPAY_PRIVATE_KEY 等环境变量。`,
    unreadable: path => `无法读取配置文件 ${path}。请检查 --config 的路径。`,
    notJson: path => `配置文件 ${path} 必须是一个 JSON 对象。`,
    refused: message => `配置无法使用。原文：${message}`,
  },
  simulate: {
    ready: ({ url, httpsUrl, page, phones, dir, isProxy }) =>
      [
        `已就绪：${[url, ...(httpsUrl === undefined ? [] : [httpsUrl])].join(' 和 ')}`,
        `网页：${page}${phones === undefined ? '' : `，手机访问 ${phones}`}`,
        `密钥：${dir}`,
        ...(isProxy ? [`HTTPS_PROXY=${url}`] : []),
      ].join(' · '),
    unwritable: dir => `无法写入目录 ${dir}。请用 --dir 指定其他目录。`,
    unreadable: dir => `${dir} 中的 keys.json 已损坏。删除它以生成新密钥，或用 --dir 指定其他目录。`,
    merchants: path =>
      `--merchants 必须是 JSON 文件，内容是列表，例如 [{ "mchid": "1900000109", "role": "direct" }]；${path} 不存在或不是这样的文件。`,
    refused: message => `模拟器无法启动。原文：${message}`,
  },
  call: {
    method: found => `<METHOD> 必须是 GET、POST、PUT、PATCH 或 DELETE，实际为“${found}”。`,
    path: found => `<path> 必须是路径，例如 v3/certificates，实际为“${found}”。主机由配置中的 base_uri 决定。`,
    notJson: option => `${option} 必须是 JSON。请加引号，或使用 @文件。`,
    unreadable: path => `无法读取文件 ${path}。请检查 @ 后面的路径。`,
    unwritable: path => `无法写入文件 ${path}。请检查 --sink 的路径。`,
    confirm: (request, host, caller) => `将以 ${caller} 的身份向 ${host} 发送真实请求 ${request}。确定发送吗？[y/N]`,
    isYes: reply => /^(?:y(?:es)?|是|确定)$/i.test(reply),
    cannotAsk: (request, host) =>
      `${host} 上的 ${request} 可能动用真实资金，而当前没有可供确认的终端。没有发送任何请求。确定要发送时请加 --yes。`,
    declined: '未确认，没有发送任何请求。',
    status: (statusCode, requestId) => `${statusCode}${requestId === undefined ? '' : ` · 请求 ID ${requestId}`}`,
    progress: bytes => `${(bytes / 1e6).toFixed(1)} MB`,
    saved: (path, bytes) => `已保存 ${path}，共 ${bytes} 字节。`,
  },
  errors: {
    what: (kind, { message, said }) => {
      switch (kind) {
        case 'refused':
          return `微信支付拒绝了请求：${said}。请修改请求后再试。`
        case 'unavailable':
          return `微信支付暂时无法处理请求：${said}。`
        case 'accepted':
          return `请求已受理，但尚未完成：${said}。请每隔几秒查询一次，直到状态不再变化。`
        case 'network':
          return `网络出错。原文：${message}`
        case 'signature':
          return `应答的签名无效，不能采信。原文：${message}`
        case 'argument':
          return `参数有误。原文：${message}`
        case 'other':
          return `调用失败。原文：${message}`
      }
    },
    code: code => `错误码 ${code}`,
    requestId: id => `请求 ID ${id}`,
    sent: { yes: '请求已发送', no: '没有发送任何请求' },
    facts: facts => `[${facts.join('；')}]`,
    outcomeUnknown: '结果未知：先查询，再决定是否重试。',
    other: message => `出错了。原文：${message}`,
  },
  certificates: {
    noKey: '配置中缺少 apiv3Key，无法解密证书。请添加，或设置 WECHATPAY_APIV3_KEY。',
    line: (serial, validTo, file) =>
      `${serial}，有效期至 ${validTo.slice(0, 10)}${file === undefined ? '' : `，已写入 ${file}`}`,
    unwritable: file => `无法写入文件 ${file}。请用 --out 指定其他目录。`,
  },
  server: {
    portTaken: (port, option) => `端口 ${port} 已被占用。请结束占用它的程序，或用 ${option} 指定其他端口。`,
    portForbidden: (port, option) => `没有权限使用端口 ${port}。请用 ${option} 指定 1023 以上的端口。`,
    noAddress: address => `本机没有地址 ${address}。请用 --host 指定其他地址。`,
  },
  listen: {
    ready: (url, target) => `正在监听 ${url}${target === undefined ? '' : `，并转发到 ${target}`}。按 Ctrl-C 结束。`,
    notUrl: found => `--forward-to 必须是 http 或 https 地址，实际为“${found}”。`,
    responded: statusCode => `已应答 ${statusCode}`,
    forwarded: statusCode => `商城应答 ${statusCode}`,
    invalid: (code, message) => `通知无效（${code}）。原文：${message}`,
  },
  control: {
    notUrl: found => `--url 必须是模拟器的地址，实际为“${found}”。`,
    unreachable: url => `${url} 上没有模拟器。请先运行 npx wechatpay simulate，或用 --url 指定地址。`,
    noSimulator: url => `${url} 上的不是模拟器。请用 --url 指定模拟器的地址。`,
  },
  trigger: {
    acknowledged: (event, url, statusCode) => `${event} → ${url}：已确认（${statusCode}）。`,
    notAcknowledged: (event, url, statusCode, said) =>
      `${event} → ${url}：${statusCode === undefined ? '没有应答' : `应答 ${statusCode}`}，未确认${said === '' ? '' : `（${said.slice(0, 200)}）`}。请应答 200 或 204。`,
    refused: message => `模拟器没有发送。原文：${message}`,
  },
  logs: {
    ended: url => `${url} 上的模拟器已结束。`,
  },
  steps: {
    headers: 'Accept 和 User-Agent',
    authorization: 'Authorization 请求头',
    scheme: '认证类型',
    mchid: '商户号',
    serial_no: '证书序列号',
    timestamp: '时间戳',
    nonce_str: '随机串',
    signature: '签名',
    content: '内容',
    field: field => `内容 ${field}`,
    failed: (step, said) => `${step}：${said}`,
    expected: string => `待签名串应为：${string}`,
    signed: string => `实际签名的是：${string}`,
  },
  mistake: ({ messageZh }) => messageZh,
  completion: {
    unknownShell: found => `shell 必须是 bash、zsh 或 fish，实际为“${found}”。`,
  },
  checks: {
    merchant: '商户号',
    'private-key': '商户私钥',
    certificate: '商户证书',
    'key-pair': '私钥与证书',
    serial: '证书序列号',
    'platform-keys': '微信支付的密钥',
    'apiv3-key': 'APIv3 密钥',
    'apiv2-key': 'APIv2 密钥',
    configuration: '配置',
    reachable: '网络',
    clock: '时钟',
    signature: '请求签名',
    response: '应答签名',
    certificates: '平台证书',
    encryption: '敏感字段加密',
    callback: '回调通知',
  },
  materials: {
    'private-key': '私钥',
    'public-key': '公钥',
    'merchant-certificate': '商户证书（apiclient_cert.pem）',
    'platform-certificate': '微信支付平台证书',
    'encrypted-key': '加密的私钥',
    pkcs12: 'PKCS#12 文件（apiclient_cert.p12）',
    'certificate-request': '证书请求',
    damaged: '损坏的 PEM 文件',
    unknown: '不是密钥的内容',
    nothing: '空内容',
    other: '其他形式的密钥',
  },
  doctor: {
    line: (check, found) => `${check}：${found}`,
    follows: cause => `跳过，因为“${cause}”有问题`,
    offline: '跳过（--offline）',
    inPkcs12: '在 PKCS#12 文件中，不作检查',
    otherForm: '只有程序库能读取的形式，不作检查',
    noCertificate: '未提供；用 --cert apiclient_cert.pem 可核对私钥和序列号',
    noPair: '未核对',
    pair: '匹配',
    validTo: (serial, date) => `${serial}，有效期至 ${date}`,
    serialFromCertificate: serial => `${serial}，取自证书`,
    platformKeysDownloaded: '未配置；用 APIv3 密钥下载平台证书',
    noApiv3Key: '未配置；通知和平台证书需要 apiv3Key',
    noSecret: '未配置；只有 APIv2 需要 secret',
    keyLength: '32 字节',
    accepted: '完整',
    reached: (host, statusCode, proxy) =>
      `${host} 有应答（${statusCode}）${proxy === undefined ? '' : `，经由代理 ${proxy}`}`,
    noDate: '应答中没有 Date',
    clock: seconds => (seconds <= 1 ? '准确' : `相差 ${seconds} 秒，没有问题`),
    signatureAccepted: '微信支付已接受',
    responseVerified: '已用配置的密钥验证',
    noEcho: code => `该商户不能使用回显接口（${code}）`,
    certificates: count => `已下载 ${count} 个，并用 APIv3 密钥解密`,
    noCertificates: '该商户没有平台证书，使用微信支付公钥',
    encrypted: '敏感字段往返正常',
    noNotifyUrl: '请用 --notify-url 指定能访问到本机的公网地址',
    callbackReceived: event => `已收到 ${event}，验证并解密成功`,
    brand: '品牌没有回显接口，不作检查',
    sound: '没有发现问题。',
    faults: count => `发现 ${count} 个问题。`,
  },
  faults: {
    MCHID_MISSING: () => '缺少 mchid。请从“商户平台 → 账户中心”复制商户号。',
    MCHID_MALFORMED: () => 'mchid 必须是数字。请从“商户平台 → 账户中心”复制商户号。',
    FILE_MISSING: (option, path) => `${option} 指定的文件无法读取：${path}。请检查路径和权限。`,
    PRIVATE_KEY_WRONG_FILE: found =>
      `privateKey 应为商户 API 私钥，实际是${found}。请使用 apiclient_key.pem，它以 -----BEGIN PRIVATE KEY----- 开头。`,
    PRIVATE_KEY_WEAK: bits => `privateKey 至少要 2048 位，实际为 ${bits} 位。请用微信支付的工具重新申请证书。`,
    CERTIFICATE_WRONG_FILE: found =>
      `这里应为商户 API 证书，实际是${found}。请使用微信支付签发给商户的 apiclient_cert.pem。`,
    CERTIFICATE_OF_OTHER_MERCHANT: (owner, mchid) =>
      `商户证书属于 ${owner}，而 mchid 是 ${mchid}。请改正 mchid，或换成该商户的证书。`,
    CERTIFICATE_EXPIRED: date =>
      `商户证书已于 ${date} 过期。请在“商户平台 → 账户中心 → API安全”重新申请，并更换私钥、证书和序列号。`,
    CERTIFICATE_NOT_YET_VALID: date => `商户证书从 ${date} 起才有效。请检查本机时钟。`,
    CERTIFICATE_EXPIRES_SOON: date => `商户证书将于 ${date} 过期。请在“商户平台 → 账户中心 → API安全”重新申请。`,
    PRIVATE_KEY_OF_OTHER_CERTIFICATE: () =>
      '私钥与商户证书不匹配。请使用同时生成的 apiclient_key.pem 和 apiclient_cert.pem。',
    SERIAL_MISSING: () =>
      '缺少 serial。请从“商户平台 → 账户中心 → API安全”复制商户 API 证书序列号，或使用 --cert apiclient_cert.pem。',
    SERIAL_IS_PUBLIC_KEY_ID: () => 'serial 应为商户 API 证书序列号，实际是微信支付公钥 ID。公钥 ID 应放在 certs 中。',
    SERIAL_OF_PLATFORM: serial =>
      `serial 应为商户 API 证书序列号，实际的 ${serial} 属于 certs 中微信支付的密钥。请从“商户平台 → 账户中心 → API安全”复制。`,
    SERIAL_DECIMAL: hex => `serial 应为十六进制，实际是十进制。请改为 ${hex}。`,
    SERIAL_MALFORMED: () => 'serial 应为不超过 40 位的十六进制数。请从“商户平台 → 账户中心 → API安全”复制。',
    SERIAL_OF_OTHER_CERTIFICATE: own => `serial 应为商户证书的序列号 ${own}，实际是另一个。请改正，或不填。`,
    PLATFORM_KEYS_MISSING: () =>
      '缺少 certs 和 apiv3Key，无法验证应答。请提供微信支付公钥及其 PUB_KEY_ID_…，或提供 APIv3 密钥以下载平台证书。',
    PLATFORM_KEY_WRONG_FILE: (found, option) =>
      `${option === 'certs' ? 'certs' : `certs.${option}`} 应为微信支付的密钥，实际是${found}。请使用 pub_key.pem 或平台证书。`,
    PLATFORM_KEY_IS_MERCHANTS: () =>
      'certs 中是商户自己的公钥。请从“商户平台 → 账户中心 → API安全 → 微信支付公钥”下载 pub_key.pem。',
    PUBLIC_KEY_ID_MALFORMED: () =>
      'certs 中的微信支付公钥必须以公钥 ID 为名，即 PUB_KEY_ID_ 加数字。请从“商户平台 → 账户中心 → API安全 → 微信支付公钥”复制。',
    PUBLIC_KEY_IS_CERTIFICATE: id =>
      `certs.${id} 应为微信支付公钥，实际是平台证书。请使用 pub_key.pem，或以证书自己的序列号为名。`,
    PLATFORM_CERTIFICATE_SERIAL: serial => `certs 中的平台证书必须以自己的序列号 ${serial} 为名。请改名。`,
    PLATFORM_CERTIFICATE_EXPIRED: date =>
      `certs 中的平台证书已于 ${date} 过期。请运行 npx wechatpay certificates，或不配置，由程序下载。`,
    KEY_WITH_WHITE_SPACE: () => '密钥前后有空白字符。请删除。',
    KEY_IS_PEM: () => '密钥应为 32 个字符，实际是 PEM，它应放在 privateKey 或 certs 中。',
    KEY_LENGTH: bytes => `密钥应为 32 字节，实际为 ${bytes} 字节。请使用在“商户平台 → 账户中心 → API安全”设置的密钥。`,
    CONFIGURATION_REFUSED: message => `配置无法使用。原文：${message}`,
    HOST_UNKNOWN: host => `无法解析域名 ${host}。请检查 base_uri 和本机的 DNS。`,
    HOST_UNREACHABLE: (host, code) => `无法连接 ${host}（${code}）。请检查 base_uri、网络和防火墙。`,
    TLS_UNTRUSTED: (host, code) =>
      `不信任 ${host} 的 https 证书（${code}）。对于模拟器，请把 ca.pem 配置为 ca；否则说明连接被拦截。`,
    PROXY_FAILED: (proxy, code) =>
      `代理 ${proxy} 无法连到微信支付（${code}）。请改正 proxy 或 HTTPS_PROXY，或不使用代理。`,
    CLOCK_WRONG: (seconds, isAhead) =>
      `本机时钟${isAhead ? '快' : '慢'}了 ${seconds} 秒，微信支付最多允许相差 300 秒。请用 NTP 校准。`,
    SERIAL_UNKNOWN: () => '微信支付不认识该商户的 serial。请从“商户平台 → 账户中心 → API安全”复制商户 API 证书序列号。',
    MCHID_UNKNOWN: () => '微信支付不认识 mchid。请从“商户平台 → 账户中心”复制商户号。',
    SIGNATURE_TIME: () => '微信支付不接受签名的时间。请用 NTP 校准本机时钟。',
    SIGNATURE_WRONG: () =>
      '微信支付验签失败：privateKey 与 serial 不匹配。请使用与该证书同时生成的 apiclient_key.pem。',
    PLATFORM_KEY_UNKNOWN: serial =>
      `微信支付用 ${serial || '另一个密钥'} 签名，而 certs 中没有它。请以此为名添加该密钥。`,
    PLATFORM_KEY_WRONG: () =>
      '应答的签名与 certs 中的密钥不符：ID 正确，文件不对。请从“商户平台 → 账户中心 → API安全 → 微信支付公钥”重新下载 pub_key.pem。',
    RESPONSE_INVALID: message => `应答无效。原文：${message}`,
    PUBLIC_KEY_MISSING: () =>
      '该商户没有平台证书，微信支付用公钥签名，而 certs 中没有这个公钥。请从“商户平台 → 账户中心 → API安全 → 微信支付公钥”下载 pub_key.pem，并以 PUB_KEY_ID_… 为名配置。',
    APIV3_KEY_WRONG: isApiv2Key =>
      `apiv3Key 长度正确，但不是正确的密钥：无法解密微信支付加密的内容。${isApiv2Key ? '它与 APIv2 密钥 secret 相同。' : ''}请使用在“商户平台 → 账户中心 → API安全”设置的 APIv3 密钥，而不是 APIv2 密钥。`,
    ENCRYPTION_REFUSED: () =>
      '微信支付无法解密用 certs 中的密钥加密的字段。请检查 pub_key.pem 与 PUB_KEY_ID_… 是否匹配，并属于该商户。',
    ENCRYPTION_WRONG: () => '无法用 privateKey 解密微信支付加密的字段。请检查 privateKey 与 serial 是否匹配。',
    CALLBACK_MISSING: (url, seconds) => `${seconds} 秒内没有通知到达 ${url}。请检查该地址能从公网访问，并指向本机。`,
    CALLBACK_FORGED: reason => `收到通知，但签名无效（${reason}）。请检查途中是否有程序修改了请求体或请求头。`,
    CALL_FAILED: message => `调用失败。原文：${message}`,
  },
}
