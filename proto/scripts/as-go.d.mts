/** See as-go.mjs. */
export function asGo(text: string, wirePath: string): string;
