// The cabinet as one thing, without its DOM: who is in, what is shown, and what a client can do with it.

import type { CallOptions } from "@connectrpc/connect";
import type { KeyValues } from "../../widget/src/app/storage";
import type { Api } from "./api";
import { type CodeRequest, toCodeRequest } from "./code";
import { download, downloadRecording } from "./files";
import type { GetHomeResponse, ListDealEventsResponse } from "./gen/beseda/cabinet/v1/cabinet_service_pb";
import type { Attachment } from "./gen/beseda/conversations/v1/attachment_pb";
import { CALL_TIMEOUT, Session } from "./session";
import { Talk } from "./talk";
import { isEnd, isGone } from "./trouble";

/** What everybody sees. */
export interface Brand {
  readonly title: string;
  /** Address of the logo; empty: none. */
  readonly logo: string;
}

/** Why the client is asked to log in. */
export type Farewell = "none" | "ended" | "erased";

export type Screen =
  | { readonly kind: "loading" }
  /** There is no such cabinet, or it could not be asked for; `error` says which. */
  | { readonly kind: "gone"; readonly error: unknown }
  | { readonly kind: "phone"; readonly farewell: Farewell }
  | { readonly kind: "code"; readonly phone: string; readonly request: CodeRequest }
  | { readonly kind: "home" };

export class Cabinet {
  screen: Screen = { kind: "loading" };
  brand: Brand = { title: "", logo: "" };
  /** Null until it was read. */
  home: GetHomeResponse | null = null;
  /** The last reading failed; what was read before is still shown. */
  homeError: unknown = null;
  /** The correspondence; null while nobody is in or the company has none. */
  talk: Talk | null = null;
  readonly #session: Session;
  #listener: () => void = () => undefined;
  #isNotifying = false;

  constructor(
    private readonly api: Api,
    private readonly storage: KeyValues,
    readonly id: string,
  ) {
    this.#session = new Session(storage, id, () => this.#otherTab());
  }

  /** Begins to work; the listener is called after every change. `language`: of the account, once it is known. */
  async start(listener: () => void, language: (tag: string) => void): Promise<void> {
    this.#listener = listener;
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.screen.kind === "home") void this.loadHome();
    });
    this.screen = { kind: "loading" };
    this.#changed();
    try {
      const known = await this.api.sessions.getCabinet({ cabinetId: this.id }, { timeoutMs: CALL_TIMEOUT });
      this.brand = { title: known.title, logo: localAddress(known.logoUrl) };
      language(known.language);
    } catch (error) {
      this.#show({ kind: "gone", error });
      return;
    }
    if (this.#session.isOpen) await this.#enter();
    else this.#show({ kind: "phone", farewell: "none" });
  }

  /** Has a code sent to a number. Throws what the server refuses. */
  async askForCode(phone: string): Promise<void> {
    this.#show({ kind: "code", phone, request: await this.#requestCode(phone) });
  }

  /** Another code for the same number; the one before works no longer here. */
  async askAgain(phone: string): Promise<CodeRequest> {
    const request = await this.#requestCode(phone);
    if (this.screen.kind === "code") this.screen = { kind: "code", phone, request };
    return request;
  }

  async logIn(code: string): Promise<void> {
    if (this.screen.kind !== "code") return;
    const { token } = this.screen.request;
    const entered = await this.api.sessions.confirmCode(
      { requestToken: token, code },
      { timeoutMs: CALL_TIMEOUT },
    );
    this.#session.end();
    this.#session.begin(entered.sessionToken);
    await this.#enter();
  }

  /** Back to the number. */
  otherNumber(): void {
    this.#show({ kind: "phone", farewell: "none" });
  }

  async signOut(): Promise<void> {
    const options = this.#session.options();
    this.#leave("none");
    // Without a network the token is gone from here all the same.
    await this.api.sessions.signOut({}, options).catch(() => undefined);
  }

  /** Reads deals and fields anew. */
  async loadHome(): Promise<void> {
    try {
      this.home = await this.#call((options) => this.api.cabinet.getHome({}, options));
      this.homeError = null;
      this.brand = { title: this.home.title, logo: localAddress(this.home.logoUrl) };
      if (this.home.correspondence && !this.talk) this.#beginTalk();
    } catch (error) {
      // Where the session is over, the client is not here any more.
      if (this.screen.kind === "home") this.homeError = error;
    }
    this.#changed();
  }

  /** A page of what happened to a deal, the newest first. */
  events(dealId: string, pageToken: string): Promise<ListDealEventsResponse> {
    return this.#call((options) =>
      this.api.cabinet.listDealEvents({ dealId, pageToken, pageSize: 20 }, options),
    );
  }

  /** The contents of a file of the correspondence, or the small picture of it. */
  file(attachment: Attachment, preview: boolean): Promise<Blob> {
    const options = { headers: this.#session.headers() };
    return this.#guard(() => download(this.api.cabinet, attachment, preview, options));
  }

  /** The recording of a call about a deal. */
  recording(dealId: string, eventId: string): Promise<Blob> {
    const options = { headers: this.#session.headers() };
    return this.#guard(() => downloadRecording(this.api.cabinet, dealId, eventId, options));
  }

  /** What an erasure does, in the client's language (CAB-28). */
  async warning(): Promise<string> {
    const told = await this.#call((options) =>
      this.api.erasure.requestErasure({ confirmed: false }, options),
    );
    return told.warning;
  }

  /** The client wants it: a code is sent (CAB-29). */
  async askToErase(): Promise<CodeRequest> {
    const asked = await this.#call((options) =>
      this.api.erasure.requestErasure({ confirmed: true }, options),
    );
    return toCodeRequest(asked);
  }

  /** Erases, and the client is out (CAB-30, CAB-32). */
  async erase({ token }: CodeRequest, code: string): Promise<void> {
    await this.#call((options) => this.api.erasure.confirmErasure({ requestToken: token, code }, options));
    this.#leave("erased");
  }

  async #requestCode(phone: string): Promise<CodeRequest> {
    const request = { cabinetId: this.id, phone };
    return toCodeRequest(await this.api.sessions.requestCode(request, { timeoutMs: CALL_TIMEOUT }));
  }

  async #enter(): Promise<void> {
    this.#show({ kind: "home" });
    await this.loadHome();
  }

  #beginTalk(): void {
    const talk = new Talk(this.api.cabinet, this.#session, this.storage, this.id, {
      changed: () => this.#changed(),
      failed: (error) => this.#failed(error),
    });
    this.talk = talk;
    talk.start();
  }

  #call<T>(run: (options: CallOptions) => Promise<T>): Promise<T> {
    return this.#guard(() => run(this.#session.options()));
  }

  async #guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  #failed(error: unknown): void {
    if (this.screen.kind !== "home") return;
    if (isEnd(error)) this.#leave("ended");
    else if (isGone(error)) {
      this.#leave("none");
      this.#show({ kind: "gone", error });
    }
  }

  #leave(farewell: Farewell): void {
    this.talk?.stop();
    this.talk = null;
    this.home = null;
    this.homeError = null;
    this.#session.end();
    this.#show({ kind: "phone", farewell });
  }

  #otherTab(): void {
    const isIn = this.screen.kind === "home";
    if (isIn && !this.#session.isOpen) this.#leave("none");
    else if (!isIn && this.#session.isOpen) void this.#enter();
  }

  #show(screen: Screen): void {
    this.screen = screen;
    this.#changed();
  }

  /** Many changes in a row are one for the listener. */
  #changed(): void {
    if (this.#isNotifying) return;
    this.#isNotifying = true;
    queueMicrotask(() => {
      this.#isNotifying = false;
      this.#listener();
    });
  }
}

/** The page's policy lets pictures come from its own origin, whatever name the page was opened under. */
function localAddress(url: string): string {
  if (url === "") return "";
  const { pathname, search } = new URL(url, location.origin);
  return pathname + search;
}
