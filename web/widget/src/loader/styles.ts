// Styles of the launcher and of the panel around the iframe. They reach the page as a constructed stylesheet inside a
// shadow root: a Content-Security-Policy of the page cannot refuse them and neither side's rules touch the other's.

const CSS = `
:host { all: initial; }
* { box-sizing: border-box; }
.launcher {
  position: fixed; z-index: 2147483000;
  inset-block-end: calc(20px + env(safe-area-inset-bottom, 0px)); inset-inline-end: 20px;
  inline-size: 60px; block-size: 60px; padding: 0; border: 0; border-radius: 50%;
  display: grid; place-items: center; cursor: pointer;
  color: #fff; background: #3450c8;
  box-shadow: 0 6px 20px rgb(20 30 80 / .35);
  transition: transform .15s ease, background-color .15s ease;
}
.launcher:hover { background: #2a41a6; transform: scale(1.04); }
.launcher:active { transform: scale(.96); }
.launcher:focus-visible { outline: 3px solid #fff; outline-offset: -6px; box-shadow: 0 0 0 4px #3450c8; }
.launcher svg { inline-size: 28px; block-size: 28px; fill: none; stroke: currentColor; stroke-width: 2;
  stroke-linecap: round; stroke-linejoin: round; }
.badge {
  position: absolute; inset-block-start: -4px; inset-inline-end: -4px;
  min-inline-size: 24px; block-size: 24px; padding-inline: 6px; border-radius: 12px;
  display: grid; place-items: center; border: 2px solid #fff;
  font: 700 12px/1 system-ui, sans-serif; color: #fff; background: #c62033;
}
.panel {
  position: fixed; z-index: 2147483001;
  inset-block-end: calc(92px + env(safe-area-inset-bottom, 0px)); inset-inline-end: 20px;
  inline-size: 384px; block-size: min(640px, calc(100vh - 116px));
  overflow: hidden; border-radius: 18px; background: #fff;
  box-shadow: 0 12px 48px rgb(15 20 50 / .28), 0 0 0 1px rgb(15 20 50 / .06);
  transform-origin: bottom right; animation: appear .18s ease-out;
}
@supports (height: 100dvh) { .panel { block-size: min(640px, calc(100dvh - 116px)); } }
@keyframes appear { from { opacity: 0; transform: translateY(12px) scale(.98); } }
.panel iframe { display: block; inline-size: 100%; block-size: 100%; border: 0; color-scheme: light dark; }
.waiting { position: absolute; inset: 0; display: grid; place-content: center; justify-items: center; gap: 16px;
  padding: 32px; font: 15px/1.5 system-ui, sans-serif; text-align: center; color: #4a5068; background: #fff; }
.waiting .dismiss { position: absolute; inset-block-start: 8px; inset-inline-end: 8px;
  inline-size: 44px; block-size: 44px; border: 0; border-radius: 12px; cursor: pointer;
  font: 24px/1 system-ui, sans-serif; color: inherit; background: transparent; }
.spinner { inline-size: 32px; block-size: 32px; border: 3px solid #d9deef; border-block-start-color: #3450c8;
  border-radius: 50%; animation: turn .9s linear infinite; }
@keyframes turn { to { transform: rotate(1turn); } }
[hidden] { display: none !important; }
@media (max-width: 480px) {
  .panel { inset: 0; inline-size: auto; block-size: 100vh; border-radius: 0; box-shadow: none;
    padding-block: env(safe-area-inset-top, 0px) env(safe-area-inset-bottom, 0px); }
  @supports (height: 100dvh) { .panel { block-size: 100dvh; } }
}
@media (prefers-color-scheme: dark) {
  .panel, .waiting { background: #14161f; }
  .waiting { color: #b6bcd4; }
}
@media (prefers-reduced-motion: reduce) {
  .launcher, .panel { transition: none; animation: none; }
  .spinner { animation-duration: 4s; }
}
`;

/** Puts the styles into a shadow root. */
export function addStyles(root: ShadowRoot): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
  } catch {
    // A browser from before constructed stylesheets: works where the page's policy allows inline styles.
    const style = document.createElement("style");
    style.textContent = CSS;
    root.append(style);
  }
}
