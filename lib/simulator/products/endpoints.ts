/** All endpoints of the simulator, APIv3 and APIv2. */
import type { BillOptions } from '../bills/options.js'
import type { Endpoint } from '../gateway/endpoint.js'
import type { V2Endpoint } from '../gateway/v2/gateway.js'
import type { Ledger } from '../ledger/ledger.js'
import { applymentEndpoints } from './applyments.js'
import { billEndpoints } from './bills.js'
import { brandRedPacketEndpoints } from './brand-red-packets.js'
import { certificateEndpoints } from './certificates.js'
import { codepayEndpoints } from './codepay.js'
import { combinedEndpoints } from './combined.js'
import { complaintEndpoints } from './complaints.js'
import { couponFlowEndpoints } from './coupon-flows.js'
import { couponEndpoints } from './coupons.js'
import { ecommerceEndpoints } from './ecommerce.js'
import { fapiaoEndpoints } from './fapiaos.js'
import { globalEndpoints } from './global.js'
import { globalPapayEndpoints } from './global-papay.js'
import { memberCardEndpoints } from './member-cards.js'
import { memberCodeEndpoints } from './member-codes.js'
import { merchantCouponEndpoints } from './merchant-coupons.js'
import { papayEndpoints } from './papay.js'
import { parkingEndpoints } from './parking.js'
import { partnershipEndpoints } from './partnerships.js'
import { payGiftEndpoints } from './pay-gifts.js'
import { serviceEndpoints } from './payscore.js'
import { permissionEndpoints, planEndpoints } from './payscore-users.js'
import { productCouponEndpoints } from './product-coupons.js'
import { receiptEndpoints } from './receipts.js'
import { refundEndpoints } from './refunds.js'
import { securityEndpoints } from './security-echo.js'
import { sharingEndpoints } from './sharing.js'
import { transactionEndpoints } from './transactions.js'
import { transferBatchEndpoints } from './transfer-batches.js'
import { authorizationEndpoints, transferEndpoints } from './transfers.js'
import { uploadEndpoints } from './uploads.js'
import { userCouponEndpoints } from './user-coupons.js'
import { billEndpoints as v2BillEndpoints } from './v2/bills.js'
import { couponEndpoints as v2CouponEndpoints } from './v2/coupons.js'
import { papayEndpoints as v2PapayEndpoints } from './v2/papay.js'
import { paymentEndpoints } from './v2/payments.js'
import { redPacketEndpoints } from './v2/red-packets.js'
import { refundEndpoints as v2RefundEndpoints } from './v2/refunds.js'
import { sharingEndpoints as v2SharingEndpoints } from './v2/sharing.js'
import { transferEndpoints as v2TransferEndpoints } from './v2/transfers.js'
import { uploadEndpoints as v2UploadEndpoints } from './v2/uploads.js'

interface EndpointOptions {
  /** Returns the URL of the simulator, for download URLs: `http://127.0.0.1:<port>`. */
  origin: () => string
  bills: BillOptions | undefined
}

export function v3Endpoints(ledger: Ledger, { origin, bills }: EndpointOptions): readonly Endpoint[] {
  return [
    ...certificateEndpoints,
    ...securityEndpoints(ledger.book),
    ...transactionEndpoints(ledger.orders, ledger.payments),
    ...codepayEndpoints(ledger.orders, ledger.payments),
    ...combinedEndpoints(ledger.orders),
    ...refundEndpoints(ledger.refunds),
    ...globalEndpoints(ledger.orders, ledger.payments, ledger.refunds),
    ...globalPapayEndpoints(ledger.contracts, ledger.orders, ledger.payments),
    ...transferEndpoints(ledger.transfers),
    ...authorizationEndpoints(ledger.authorizations),
    ...transferBatchEndpoints(ledger.batches),
    ...brandRedPacketEndpoints(ledger.batches),
    ...receiptEndpoints(ledger, origin),
    ...sharingEndpoints(ledger.sharing),
    ...ecommerceEndpoints(ledger),
    ...applymentEndpoints(ledger.applyments),
    ...complaintEndpoints(ledger.complaints, origin),
    ...parkingEndpoints(ledger.parkings, ledger.orders),
    ...fapiaoEndpoints(ledger.fapiaos, ledger.orders, origin),
    ...serviceEndpoints(ledger.services, ledger.permissions),
    ...permissionEndpoints(ledger.permissions),
    ...planEndpoints(ledger.plans, ledger.services),
    ...papayEndpoints(ledger.contracts),
    ...couponEndpoints(ledger.coupons),
    ...couponFlowEndpoints(ledger, origin),
    ...productCouponEndpoints(ledger.productCoupons),
    ...memberCardEndpoints(ledger.memberCards),
    ...memberCodeEndpoints(ledger.memberCodes),
    ...userCouponEndpoints(ledger.productCoupons),
    ...partnershipEndpoints(ledger.partnerships),
    ...payGiftEndpoints(ledger.payGifts),
    ...merchantCouponEndpoints(ledger.merchantCoupons, ledger.couponSubsidies),
    ...billEndpoints(ledger, origin, bills),
    ...uploadEndpoints(ledger.uploads),
  ]
}

export function v2Endpoints(ledger: Ledger): readonly V2Endpoint[] {
  const { orders, payments, refunds, redPackets, sharing } = ledger
  return [
    ...paymentEndpoints(orders, payments),
    ...v2PapayEndpoints(ledger.contracts, orders),
    ...v2RefundEndpoints(refunds),
    ...v2BillEndpoints(ledger),
    ...redPacketEndpoints(redPackets),
    ...v2TransferEndpoints(ledger.transfers, ledger.bankTransfers),
    ...v2SharingEndpoints(sharing),
    ...v2CouponEndpoints(ledger.coupons),
    ...v2UploadEndpoints(),
  ]
}
