// The visitor's session: begun when first needed, renewed before it ends and whenever the server does not know it.

import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { CallOptions, Client } from "@connectrpc/connect";
import type {
  StartVisitorSessionResponse,
  VisitorService,
} from "../gen/beseda/onlinechat/v1/visitor_service_pb";
import type { Host, Visit } from "./host";
import { exclusively } from "./locks";
import { type Settings, toSettings } from "./model";
import { cleanLine } from "./text";
import { toTrouble } from "./trouble";

export type VisitorClient = Client<typeof VisitorService>;

/** A unary call that takes longer is given up and repeated. */
const CALL_TIMEOUT = 15_000;
/** The device's clock may be wrong: whatever it says, a session is kept between one and fifty-five minutes. */
const SHORTEST_LIFE = 60_000;
const LONGEST_LIFE = 55 * 60_000;
const RENEW_BEFORE_END = 2 * 60_000;

interface Current {
  readonly token: string;
  readonly renewAt: number;
}

/** What a new session says about the visitor. */
export interface Welcome {
  readonly visitorId: string;
  readonly settings: Settings;
  /** Opens the visitor's files in addresses, for as long as the session lasts. */
  readonly fileTicket: string;
  /** Did the browser come with a token of an earlier visit? */
  readonly isReturning: boolean;
}

export class Session {
  #current: Current | null = null;
  #starting: Promise<Current> | null = null;

  constructor(
    private readonly client: VisitorClient,
    private readonly host: Host,
    private readonly chatId: string,
    private readonly welcome: (welcome: Welcome) => void,
  ) {}

  /** A session that is good for now. */
  async ensure(): Promise<Current> {
    if (this.#current && Date.now() < this.#current.renewAt) return this.#current;
    // However many calls need it, it is begun once.
    this.#starting ??= this.#start().finally(() => {
      this.#starting = null;
    });
    return this.#starting;
  }

  /** Makes a call; when the server does not know the session, once more with a new one. */
  async call<T>(run: (options: CallOptions) => Promise<T>): Promise<T> {
    const session = await this.ensure();
    try {
      return await run(this.options(session));
    } catch (error) {
      if (toTrouble(error).kind !== "session") throw error;
      this.forget(session);
      return run(this.options(await this.ensure()));
    }
  }

  /** The server does not know this session: the next call begins another. */
  forget(session: Current): void {
    if (this.#current === session) this.#current = null;
  }

  options(session: Current): CallOptions {
    return { headers: { authorization: `Bearer ${session.token}` }, timeoutMs: CALL_TIMEOUT };
  }

  async #start(): Promise<Current> {
    // Two tabs that begin together would become two visitors; under the lock the second finds the token of the first.
    const current = await exclusively(`beseda:${this.chatId}:session`, async () => {
      const visit = await this.host.visit(null);
      const response = await this.#request(visit);
      await this.host.visit(response.resumeToken);
      this.welcome({
        visitorId: response.visitorId,
        settings: toSettings(response.settings),
        fileTicket: response.fileTicket,
        isReturning: visit.resumeToken !== "",
      });
      return toCurrent(response);
    });
    this.#current = current;
    return current;
  }

  #request({ resumeToken, page }: Visit): Promise<StartVisitorSessionResponse> {
    return this.client.startVisitorSession(
      {
        onlineChatId: this.chatId,
        resumeToken,
        visitorName: cleanLine(page.visitorName, 200),
        language: cleanLine(page.language, 35),
        pageUrl: cleanLine(page.url, 2_000),
        pageTitle: cleanLine(page.title, 300),
        referrer: cleanLine(page.referrer, 2_000),
        embeddingOrigin: cleanLine(this.host.origin, 300),
      },
      { timeoutMs: CALL_TIMEOUT },
    );
  }
}

function toCurrent(response: StartVisitorSessionResponse): Current {
  const end = response.sessionExpireTime ? timestampMs(response.sessionExpireTime) : 0;
  const life = Math.min(LONGEST_LIFE, Math.max(SHORTEST_LIFE, end - Date.now() - RENEW_BEFORE_END));
  return { token: response.sessionToken, renewAt: Date.now() + life };
}
