// Entry of loader.js: `<script async src="https://…/widget/loader.js" data-chat="och_…"></script>`.

import { embed } from "./embed";

const script = document.currentScript;
if (script instanceof HTMLScriptElement) embed(script);
