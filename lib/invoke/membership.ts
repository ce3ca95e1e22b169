/** The pages on which a user becomes a member of a brand or takes a membership card; WeChat Pay's tokens replace a key. */
import { type BusinessViews, businessView, type Platform } from './business-view.js'
import type { MiniProgramJump } from './contract.js'
import { checked } from './fields.js'

export interface BrandMembership {
  /** From the response of v3/brand/partner/card-member/pre-auth-tokens, or of brand/card-member/pre-auth-tokens. */
  token: string
  /** Default `CARD_MEMBER`. */
  scene?: string
}

/** The page on which a user becomes a member of a brand (品牌会员). */
export function brandMembership<Where extends Platform>(
  membership: BrandMembership,
  platform: Where,
): BusinessViews<BrandMembership>[Where] {
  const { token, scene = 'CARD_MEMBER' } = checked(membership, ['token'])
  return businessView('wxpayCardMember', { token, scene }, platform)
}

export interface CardPermission {
  /** From the response of v3/marketing/membercard-open/cards/{card_id}/permission-tokens. */
  permission_token: string
}

/** The page on which a user takes a membership card (会员卡), opened from a page. */
export function memberCardPage(permission: CardPermission): BusinessViews<CardPermission>['jsapi'] {
  return businessView('wxpaymktMemberOpen', checked(permission, ['permission_token']), 'jsapi')
}

export interface MemberCard {
  /** The appid that created the card. */
  create_card_appid: string
  card_id: string
  /** Returned with the event that the user has taken the card. */
  outer_str?: string
  /** `ACTIVATE_TYPE_NORMAL` or `ACTIVATE_TYPE_JUMP`, which leads to `jump_url`. */
  activate_type?: string
  jump_url?: string
  card_code?: string
}

/** For `wx.navigateToMiniProgram`: the mini program in which a user takes a membership card (会员卡). */
export function memberCard(card: MemberCard): MiniProgramJump<MemberCard> {
  const extraData = checked(card, ['create_card_appid', 'card_id'])
  return { appId: 'wxeb490c6f9b154ef9', path: 'pages/card_open/card_open', extraData }
}
