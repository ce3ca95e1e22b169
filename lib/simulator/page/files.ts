/** The files of the page by their paths. */
import dom from './browser/dom.js?raw'
import ledger from './browser/ledger.js?raw'
import main from './browser/main.js?raw'
import notifications from './browser/notifications.js?raw'
import css from './browser/page.css?raw'
import html from './browser/page.html?raw'
import requests from './browser/requests.js?raw'
import texts from './browser/texts.js?raw'
import tools from './browser/tools.js?raw'
import view from './browser/view.js?raw'

export const HTML = html

export const FILES: ReadonlyMap<string, string> = new Map([
  ['page.css', css],
  ['dom.js', dom],
  ['ledger.js', ledger],
  ['main.js', main],
  ['notifications.js', notifications],
  ['requests.js', requests],
  ['texts.js', texts],
  ['tools.js', tools],
  ['view.js', view],
])
