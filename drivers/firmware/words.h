/* A fault in words, for whoever looks at the console. */
#ifndef MILLHAND_WORDS_H
#define MILLHAND_WORDS_H

void words_write_fault(void);

#endif
