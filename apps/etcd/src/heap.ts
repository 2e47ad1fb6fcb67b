/** How V8 keeps the daemon's heap. Set before anything of it is compiled. */
import { setFlagsFromString } from 'node:v8';

/**
 * Where most of what a place in the code allocates has survived for a while, V8 allocates there among the old objects, for good. Under
 * load that holds for calls: they live for some milliseconds, and so for a collection or two. Then each of them is garbage that only a
 * collection of the whole heap removes. DESIGN.md has the figures.
 */
setFlagsFromString('--no-allocation-site-pretenuring');
