/** A gateway that lists certificates, signs with one of them, and rotates; everything it is asked is counted. */
import { answer, type Gateway, signatureHeaders, startGateway, unsignedAnswer } from '../gateway.js'
import { type PlatformCertificate, sealList } from './platform.js'

export interface WechatPaySide {
  gateway: Gateway
  /** What the next answers do; changed while it runs. */
  state: {
    listed: readonly PlatformCertificate[]
    /** Who signs, with the serial that it goes by. */
    signing: { serial: string; privateKey: string }
    /** Every n-th download fails, the second among them; 0 for none. */
    failEvery: number
    /** Called for every call that is no download, with its number, before it is answered. */
    onCall: (number: number) => void
    data: unknown
  }
  downloads: number
  failedDownloads: number
  calls: number
}

export async function startWechatPay(certificate: PlatformCertificate): Promise<WechatPaySide> {
  const gateway = await startGateway()
  const side: WechatPaySide = {
    gateway,
    state: { listed: [certificate], signing: certificate, failEvery: 0, onCall: () => {}, data: { ok: true } },
    downloads: 0,
    failedDownloads: 0,
    calls: 0,
  }
  gateway.answers = [
    (request, response) => {
      const isDownload = /\/certificates$/.test(request.url)
      const body = isDownload ? nextDownload(side) : nextCall(side)
      if (body === undefined) unsignedAnswer(500, '{"code":"SYSTEM_ERROR"}')(request, response)
      else answer(200, body, signatureHeaders(body, side.state.signing))(request, response)
    },
  ]
  return side
}

function nextDownload(side: WechatPaySide): string | undefined {
  side.downloads += 1
  const { failEvery, listed } = side.state
  if (failEvery === 0 || side.downloads % failEvery !== 2) return sealList(listed)
  side.failedDownloads += 1
  return undefined
}

function nextCall(side: WechatPaySide): string {
  side.calls += 1
  side.state.onCall(side.calls)
  return JSON.stringify(side.state.data)
}
