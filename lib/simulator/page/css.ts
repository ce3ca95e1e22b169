/** The style of the page at `/_sim/`. */
export const CSS = `
:root { color-scheme: light dark; --line: light-dark(#d9dee3, #3a4148); --soft: light-dark(#f5f7f8, #1d2126); --green: #06ad56; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 0 1rem 3rem; font: 15px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; padding: 1rem 0 .5rem; }
h1 { font-size: 1.25rem; margin: 0; flex: 1 1 12rem; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
#clock { font-variant-numeric: tabular-nums; opacity: .75; }
#status { min-height: 1.5em; margin: 0; }
button, input, select { font: inherit; padding: .35rem .7rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--soft); color: inherit; }
button { cursor: pointer; }
button.main { background: #07813f; border-color: #07813f; color: #fff; }
button:focus-visible, input:focus-visible, summary:focus-visible { outline: 3px solid #2f7fd8; outline-offset: 2px; }
article { border: 1px solid var(--line); border-radius: .6rem; padding: .75rem; margin: .5rem 0; display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
article > .what { flex: 1 1 15rem; min-width: 0; overflow-wrap: anywhere; }
article > .what strong { display: block; }
article details { flex: 1 1 100%; min-width: 0; }
.actions { display: flex; flex-wrap: wrap; gap: .4rem; }
.qr { width: 8rem; height: 8rem; background: #fff; padding: .25rem; border-radius: .3rem; }
.state { font-weight: 600; }
.state.good { color: light-dark(#07733a, #4cd68a); }
.state.bad { color: light-dark(#b3261e, #ff8a80); }
pre { background: var(--soft); padding: .6rem; border-radius: .4rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 20rem; margin: .4rem 0; }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; }
label { display: grid; font-size: .85rem; }
input { width: 6rem; }
ol { padding-left: 1.5rem; }
.payer { text-align: center; }
.payer .total { font-size: 2.4rem; margin: 1rem 0; }
.payer .actions { flex-direction: column; max-width: 20rem; margin: auto; }
.payer button { padding: .8rem; }
`
