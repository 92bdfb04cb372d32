"""The look of the page, in the page: no font, image or style comes from elsewhere."""

from __future__ import annotations

SPLIT_COLOURS = 8
"""How many splits have a colour of their own: `--split-0` and on."""

CSS = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --box: #f7f8fa; --ink: #1b1f27; --muted: #5d6573; --rule: #dfe3e8;
  --accent: #2b62b4; --fill: #8fb0de; --warn: #8a5a00; --good: #1f6f45; --warn-box: #fff6e0;
  --split-0: #2b62b4; --split-1: #c4661f; --split-2: #7b53ae; --split-3: #2f8559;
  --split-4: #8d95a1; --split-5: #17868c; --split-6: #b5467b; --split-7: #7b761d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171c; --box: #1b1f26; --ink: #e4e7ec; --muted: #9ba4b2; --rule: #323945;
    --accent: #83aeec; --fill: #456a9e; --warn: #efc36a; --good: #6dc196; --warn-box: #2b2415;
    --split-0: #7fadf0; --split-1: #eb9a5c; --split-2: #b997e8; --split-3: #6dc196;
    --split-4: #8f98a6; --split-5: #58c0c5; --split-6: #e88cb8; --split-7: #c4bd5a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 66rem;
  background: var(--page); color: var(--ink);
  font: 0.9375rem/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial,
    "Liberation Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.012em; }
h2 {
  margin: 2.4rem 0 0.9rem; padding-bottom: 0.3rem; border-bottom: 1px solid var(--rule);
  font-size: 1.05rem; font-weight: 650;
}
h3 { margin: 1.4rem 0 0.4rem; font-size: 0.9375rem; font-weight: 650; }
a { color: var(--accent); }
abbr { text-decoration: none; cursor: help; color: var(--muted); }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.facts { margin: 0.45rem 0 0; color: var(--muted); }
.facts span { display: inline-block; max-width: 100%; }
.facts b { color: var(--ink); font-weight: 600; }
.facts span + span::before { content: "·"; margin: 0 0.5em; }
.muted { color: var(--muted); }

table { width: 100%; border-collapse: collapse; }
caption { text-align: left; padding: 0 0 0.3rem; font-weight: 650; }
th, td {
  padding: 0.28rem 0.9rem 0.28rem 0; text-align: left; vertical-align: baseline;
  border-bottom: 1px solid var(--rule); overflow-wrap: break-word;
}
th { color: var(--muted); font-weight: 500; font-size: 0.8125rem; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
.columns span { display: inline-block; max-width: 100%; margin-right: 1.1em; }
.columns td:first-child { width: 8rem; }
.columns b, small b { font-weight: 500; }
.n { text-align: right; white-space: nowrap; }
.scroll { overflow-x: auto; }
.bar {
  display: inline-block; width: 7rem; height: 0.45rem; border-radius: 2px; overflow: hidden;
  background: var(--rule); vertical-align: 0.06rem; print-color-adjust: exact;
  -webkit-print-color-adjust: exact;
}
.bar i { display: block; height: 100%; background: var(--fill); }
.swatch {
  display: inline-block; width: 0.8em; height: 0.2em; margin-right: 0.4em; border-radius: 1px;
  vertical-align: 0.28em; background: currentColor; print-color-adjust: exact;
  -webkit-print-color-adjust: exact;
}

.splits { display: flex; flex-wrap: wrap; gap: 1rem; margin-top: 1.4rem; }
.split {
  flex: 1 1 25rem; min-width: 0; max-width: 34rem; padding: 0.75rem 1rem 0.6rem;
  border: 1px solid var(--rule); border-radius: 6px;
}
.split td { padding-top: 0.2rem; padding-bottom: 0.2rem; }
.split td:first-child, .split caption { overflow-wrap: anywhere; }
.split tr:last-child td { border-bottom: 0; }
.split caption small { margin-left: 0.5em; color: var(--muted); font-weight: 400; }
.split.lead { background: var(--box); }
.split.lead td.n b { font-size: 1.2rem; }
.split td.n { font-weight: 400; }
.split small { margin: 0; }
.small { font-size: 0.8125rem; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--warn); font-weight: 600; }
.confusion td { padding: 0.1rem; border: 0; }
.confusion td:first-child { padding-right: 0.6rem; }
.confusion .cell {
  display: block; min-width: 2.6rem; padding: 0.3rem 0.5rem; border-radius: 3px;
  background: color-mix(in srgb, var(--fill) calc(var(--share) * 100%), var(--box));
  print-color-adjust: exact; -webkit-print-color-adjust: exact;
}

.curves {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1.6rem;
}
figure { margin: 0; break-inside: avoid; }
figcaption { font-weight: 650; line-height: 1.35; }
.legend { font-weight: 400; font-size: 0.8125rem; color: var(--muted); }
.legend > span { display: inline-block; max-width: 100%; margin-right: 1em; }
.legend b { color: var(--ink); font-weight: 500; }
.curves svg { display: block; width: 100%; height: auto; margin-top: 0.3rem; overflow: visible; }
.curves svg * { stroke-linejoin: round; }
.curves svg text { font-family: inherit !important; }

.plan { display: block; min-width: 52rem; height: auto; }
.plan text { font-size: 13px; fill: var(--muted); direction: ltr; }
.plan .head { font-size: 15px; font-weight: 600; fill: var(--ink); }
.plan .end { text-anchor: end; }
.plan tspan { unicode-bidi: isolate; white-space: pre; }
.plan .box { fill: var(--box); stroke: var(--rule); }
.plan .track { fill: var(--rule); }
.plan .part, .plan .tip { fill: var(--fill); }
.plan .flow { fill: none; stroke: var(--fill); stroke-width: 1.5; stroke-linejoin: round; }

.notes { padding: 0.6rem 1rem; border-radius: 6px; background: var(--warn-box); }
.notes ul { margin: 0; padding-left: 1.1rem; }
.flag { color: var(--warn); }
summary { cursor: pointer; color: var(--accent); }
pre {
  margin: 0.6rem 0 0; padding: 0.8rem 1rem; overflow-x: auto; border: 1px solid var(--rule);
  border-radius: 6px; background: var(--box); font-size: 0.8125rem; line-height: 1.5;
}
.pair td:first-child { width: 14rem; color: var(--muted); }
.totals {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1rem 2.5rem;
}
.totals > div { min-width: 0; }

@media (max-width: 46rem) {
  body { padding: 1.25rem 0.9rem 3rem; }
  .split { max-width: none; }
  .pair td:first-child { width: 38%; }
  .bar { width: 4rem; }
}
@media print {
  :root {
    --page: #ffffff; --box: #ffffff; --ink: #000000; --muted: #444444; --rule: #cccccc;
    --accent: #1d4a8f; --fill: #8fb0de; --warn: #5c3d00; --good: #14502f; --warn-box: #ffffff;
    --split-0: #2b62b4; --split-1: #c4661f; --split-2: #7b53ae; --split-3: #2f8559;
    --split-4: #8d95a1; --split-5: #17868c; --split-6: #b5467b; --split-7: #7b761d;
  }
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  h2, h3, caption { break-after: avoid; }
  tr { break-inside: avoid; }
  .scroll, pre { overflow: visible; }
  .plan { min-width: 0; }
  pre { white-space: pre-wrap; }
}
"""
