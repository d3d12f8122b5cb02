// The page's looks, as the browser gets them: light and dark, wide and narrow. No colour says anything that words do not say too. Its hash
// stands in the page's content security policy.

export const style = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f3; --card: #fff; --ink: #1c2226; --soft: #59646c; --rule: #e1e5e3; --link: #1b5a96; --shade: #f7f8f7;
  --good: #1d6b41; --good-ground: #e4f3ea; --warn: #7a4e00; --warn-ground: #fdf1d3; --warn-edge: #d9a326;
  --bad: #9d2226; --bad-ground: #fde9e7; --bad-edge: #cf4a45; --calm: #4a555d; --calm-ground: #eceff0;
  --waiting: #2f6fb3; --idle: #23804d; --new: #e3effa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121517; --card: #1a1f22; --ink: #e3e7ea; --soft: #9ca8b0; --rule: #2b3237; --link: #8cbcf0; --shade: #20262a;
    --good: #84d0a3; --good-ground: #17342a; --warn: #f0c672; --warn-ground: #372c12; --warn-edge: #a57c1d;
    --bad: #ffa39c; --bad-ground: #451d1e; --bad-edge: #c04a46; --calm: #b3bec5; --calm-ground: #2a3136;
    --waiting: #6ea8e8; --idle: #6cc492; --new: #1d3145;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 0 1.5rem 2rem; max-width: 96rem; background: var(--ground); color: var(--ink);
  font: 0.9375rem/1.45 system-ui, -apple-system, "Segoe UI", Roboto, Ubuntu, Cantarell, "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
h1, h2, h3, p, dl, dd, ul, figure { margin: 0; padding: 0; }
h1 { font-size: 1.125rem; }
h2 { margin: 1.75rem 0 0.625rem; font-size: 1rem; font-weight: 600; color: var(--soft); }
h3 { font-size: 1.0625rem; display: flex; flex-wrap: wrap; gap: 0.25rem 0.5rem; align-items: center; }
a { color: var(--link); text-underline-offset: 0.15em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
main:focus { outline: none; }
small { font-size: inherit; color: var(--soft); white-space: nowrap; }
q { quotes: "\\201c" "\\201d"; }
.unseen, caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 1rem; top: -5rem; padding: 0.5rem 1rem; background: var(--card); z-index: 3; }
.skip:focus { top: 0.5rem; }

header { display: flex; justify-content: space-between; align-items: baseline; padding: 1.125rem 0 0; }
#live { font-size: 0.875rem; color: var(--soft); }
#live.good::before, #live.bad::before { content: ""; display: inline-block; width: 0.6em; height: 0.6em; margin-right: 0.45em; border-radius: 50%; background: var(--idle); }
#live.bad { color: var(--bad); font-weight: 600; }
#live.bad::before { background: none; border: 2px solid var(--bad); }
#banner { position: sticky; top: 0; z-index: 2; margin-top: 0.75rem; padding: 0.625rem 1rem; border-radius: 8px; font-weight: 600; background: var(--bad-ground); color: var(--bad); border: 1px solid var(--bad-edge); }
#banner:empty { margin: 0; padding: 0; border: 0; }

#summary { padding-top: 0.5rem; }
.total { font-size: 1.5rem; font-weight: 600; line-height: 1.3; letter-spacing: -0.01em; }
.well { margin-top: 0.375rem; color: var(--good); }
.concerns { list-style: none; margin-top: 0.75rem; display: flex; flex-wrap: wrap; gap: 0.5rem; }
.concerns li { padding: 0.3rem 0.75rem; border-radius: 8px; border: 1px solid var(--warn-edge); background: var(--warn-ground); color: var(--warn); }
.concerns li.bad { border-color: var(--bad-edge); background: var(--bad-ground); color: var(--bad); }
.concerns a { color: inherit; font-weight: 600; }

.columns { display: grid; grid-template-columns: minmax(0, 1fr) minmax(18rem, 23rem); gap: 0 1.5rem; align-items: start; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 1rem 1.125rem; margin-bottom: 1rem; scroll-margin-top: 4rem; }
.card:target { border-color: var(--link); }
.empty { color: var(--soft); }
.act { color: var(--warn); margin-top: 0.25rem; }
.badge { display: inline-block; padding: 0.05rem 0.55rem; border-radius: 99px; font-size: 0.8125rem; font-weight: 600; white-space: nowrap; background: var(--calm-ground); color: var(--calm); }
.badge.good { background: var(--good-ground); color: var(--good); }
.badge.warn { background: var(--warn-ground); color: var(--warn); }
.badge.bad { background: var(--bad-ground); color: var(--bad); }

.standing { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; justify-content: space-between; }
.standing > div { flex: 1 1 20rem; padding-top: 0.25rem; }
.figures { display: flex; flex-wrap: wrap; gap: 0.5rem 1.75rem; margin-top: 0.75rem; }
.figures dt { font-size: 0.8125rem; color: var(--soft); }
.figures dd { font-size: 1.1875rem; font-weight: 600; }
.chart { flex: 0 1 22rem; font-size: 0.8125rem; color: var(--soft); }
.chart svg:not(.key) { display: block; width: 100%; height: auto; }
.chart text { font-size: 10px; fill: currentColor; }
.chart figcaption { display: flex; gap: 1.25rem; padding-left: 1.5rem; }
.chart .key { width: 1.5rem; height: 0.5rem; vertical-align: middle; }
.line { fill: none; stroke-width: 1.75; stroke-linejoin: round; }
.line.waiting { stroke: var(--waiting); }
.line.idle { stroke: var(--idle); stroke-dasharray: 4 3; }
.area { fill: var(--waiting); opacity: 0.13; }
.grid { stroke: var(--rule); fill: none; }

details { margin-top: 0.625rem; }
summary { color: var(--soft); cursor: pointer; width: fit-content; }
.scroll {
  position: relative; max-height: 31rem; overflow: auto; margin-top: 0.375rem;
  background: linear-gradient(transparent, var(--card) 60%) bottom / 100% 2.5rem no-repeat local, linear-gradient(transparent, var(--rule)) bottom / 100% 1rem no-repeat;
}
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
th, td { text-align: start; vertical-align: top; padding: 0.275rem 0.75rem 0.275rem 0; font-weight: inherit; }
th:last-child, td:last-child { padding-right: 0.25rem; }
thead th { position: sticky; top: 0; background: var(--card); font-size: 0.8125rem; color: var(--soft); box-shadow: inset 0 -1px var(--rule); white-space: nowrap; z-index: 1; }
tbody tr + tr > * { border-top: 1px solid var(--rule); }
tbody tr:hover > * { background: var(--shade); }
td.position, td.run, td.waited, td.poll, td.when, td.runners, td.state, td.end, td.figure { white-space: nowrap; }
td.position { color: var(--soft); min-width: 2.25rem; }
th.repo { min-width: 8.5rem; }
td.figure, th.figure { text-align: end; }
.ends td.runners { white-space: normal; }
td.waited { font-weight: 600; }
.ends td.waited { font-weight: inherit; }
td.why.warn { color: var(--warn); }
td.why.good { color: var(--good); }
.more { margin-top: 0.5rem; color: var(--soft); }

.monitor { padding-bottom: 0.75rem; }
.monitor p, .monitor summary { font-size: 0.875rem; margin-top: 0.25rem; }
.monitor details { margin-top: 0; }
.monitor table { font-size: 0.8125rem; }
.monitor.warn { border-color: var(--warn-edge); }
.monitor.bad { border-color: var(--bad-edge); }
.monitor.bad .illness { color: var(--bad); }
.takes { color: var(--soft); }
footer { margin-top: 1.5rem; font-size: 0.875rem; color: var(--soft); }

@media (max-width: 75rem) {
  .columns { grid-template-columns: minmax(0, 1fr); }
  .monitors { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 0 1rem; align-items: start; }
  .monitors h2 { grid-column: 1 / -1; }
}
@media (max-width: 48rem) {
  body { padding: 0 0.75rem 1.5rem; }
  .card { padding: 0.875rem; }
  .total { font-size: 1.25rem; }
  .scroll { max-height: none; overflow: visible; }
  .monitor .scroll { overflow: auto; }
  .profile table, .profile tbody, .ends table, .ends tbody { display: grid; grid-template-columns: minmax(0, 1fr); }
  .profile thead, .ends thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .profile tr, .ends tr { display: flex; flex-wrap: wrap; gap: 0 0.75rem; padding: 0.5rem 0; border-top: 1px solid var(--rule); }
  .profile tr > *, .ends tr > * { padding: 0; border: 0 !important; }
  .profile th.repo, .ends th.repo { flex: 1 1 9rem; }
  td.position { min-width: 0; }
  .profile td.state { order: 1; }
  .profile td.why { order: 2; flex: 1 1 12rem; }
  .profile :is(td.runners, td.waited, td.poll) { order: 3; }
    td.runners::before { content: "runners "; color: var(--soft); }
  td.poll::before { content: "polled "; color: var(--soft); }
  td.waited::before { content: "waited "; color: var(--soft); font-weight: 400; }
}
@media (prefers-reduced-motion: no-preference) {
  tr.new > * { animation: arrive 1.6s ease-out; }
  @keyframes arrive { from { background: var(--new); } }
}
`;
