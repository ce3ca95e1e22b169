/** The commands in the examples of the help. Their explanations are in words/. */
import type { Words } from './words/words.js'

type Examples = {
  readonly [Name in keyof Words['commands']]: Readonly<Record<keyof Words['commands'][Name]['examples'], string>>
}

const CONFIG = '--config ./wechatpay-sandbox/config.json'

export const EXAMPLES: Examples = {
  simulate: {
    start: 'npx wechatpay simulate',
    phone: 'npx wechatpay simulate --host 0.0.0.0 --state orders.journal',
    as: 'npx wechatpay simulate --as api.mch.weixin.qq.com',
  },
  call: {
    query: `npx wechatpay call GET v3/pay/transactions/out-trade-no/{out_trade_no} out_trade_no=TEA-1 --query mchid=1900000109 ${CONFIG}`,
    order: `npx wechatpay call POST v3/pay/transactions/native --json @order.json ${CONFIG}`,
    bill: 'npx wechatpay call GET v3/bill/tradebill --query bill_date=2026-11-27 --sink bill.csv --config config.json',
  },
  doctor: {
    all: 'npx wechatpay doctor --config config.json --cert apiclient_cert.pem',
    script: 'npx wechatpay doctor --json',
    tunnel: 'npx wechatpay doctor --config config.json --notify-url https://shop.example/notify --port 3000',
  },
  certificates: {
    write: 'npx wechatpay certificates --config config.json --out ./certs',
  },
  listen: {
    print: `npx wechatpay listen --port 3000 ${CONFIG}`,
    forward: `npx wechatpay listen --forward-to http://127.0.0.1:8080/notify ${CONFIG}`,
  },
  trigger: {
    payment: 'npx wechatpay trigger TRANSACTION.SUCCESS --to http://127.0.0.1:3000/ --override amount.total=100',
    v2: 'npx wechatpay trigger v2/transaction-success --to http://127.0.0.1:3000/',
  },
  logs: {
    follow: 'npx wechatpay logs',
    last: 'npx wechatpay logs --tail 50 --no-follow --json',
  },
  completion: {
    bash: 'eval "$(npx wechatpay completion bash)"',
    zsh: 'eval "$(npx wechatpay completion zsh)"',
    fish: 'npx wechatpay completion fish > ~/.config/fish/completions/wechatpay.fish',
  },
}

/** The examples of the whole program. */
export const FIRST_EXAMPLES: Readonly<Record<keyof Words['help']['examples'], string>> = {
  simulate: EXAMPLES.simulate.start,
  call: `npx wechatpay call GET v3/certificates ${CONFIG}`,
  doctor: EXAMPLES.doctor.all,
}
