/** See as-go.mjs. */
export function asGo(text: string, readerPath: string): string;
