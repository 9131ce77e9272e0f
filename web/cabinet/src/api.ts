// The three services that the page calls.

import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import type { Locale } from "../../widget/src/shared/locale";
import { CabinetErasureService } from "./gen/beseda/cabinet/v1/cabinet_erasure_service_pb";
import { CabinetService } from "./gen/beseda/cabinet/v1/cabinet_service_pb";
import { CabinetSessionService } from "./gen/beseda/cabinet/v1/cabinet_session_service_pb";

export interface Api {
  readonly sessions: Client<typeof CabinetSessionService>;
  readonly cabinet: Client<typeof CabinetService>;
  readonly erasure: Client<typeof CabinetErasureService>;
}

export function createApi(transport: Transport): Api {
  return {
    sessions: createClient(CabinetSessionService, transport),
    cabinet: createClient(CabinetService, transport),
    erasure: createClient(CabinetErasureService, transport),
  };
}

/** The gateway that served the page. Its refusals come in the page's language. */
export function gateway(locale: () => Locale): Transport {
  const speak: Interceptor = (next) => (request) => {
    request.header.set("accept-language", locale());
    return next(request);
  };
  return createGrpcWebTransport({ baseUrl: location.origin, interceptors: [speak] });
}
