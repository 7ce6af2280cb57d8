/* Numbers as text over the board's first serial line. */
#include "print.h"

#include "board.h"

void print_whole(unsigned value) {
    char digits[11];
    char *first = digits + sizeof digits - 1;
    *first = 0;
    do {
        *--first = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    board_print(first);
}

void print_number(float value) {
    int thousandths = (int)(value * 1000 + (value < 0 ? -0.5f : 0.5f));
    if (thousandths < 0) {
        board_print("-");
        thousandths = -thousandths;
    }
    print_whole((unsigned)thousandths / 1000);
    char decimals[5] = {'.', (char)('0' + thousandths / 100 % 10), (char)('0' + thousandths / 10 % 10),
                        (char)('0' + thousandths % 10), 0};
    board_print(decimals);
}
