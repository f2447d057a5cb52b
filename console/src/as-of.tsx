import { createContext, useContext } from "react";

const AsOfContext = createContext<string | null>(null);

/** The server's own time of the newest figures. Provided once, around all pages. */
export const AsOf = AsOfContext.Provider;

/**
 * Ages are counted to the server's time, not to this computer's clock, which may be wrong. Null
 * until the server has answered once.
 */
export function useAsOf(): string | null {
  return useContext(AsOfContext);
}
