package phone

// lengths returns how many digits the numbers of a country have after its
// code: bit n is set if there are some with n. It is 0 for a code that is not
// assigned. The test of the table prints it from the library's metadata.
func lengths(code int) uint16 {
	switch code {
	case 1, 52, 58, 225:
		return 0x400 // 10 digits
	case 7:
		return 0x4400 // 10 or 14 digits
	case 20, 60, 855, 856, 964, 970, 976:
		return 0x700 // 8, 9 or 10 digits
	case 27, 64, 263:
		return 0x7e0 // 5, 6, 7, 8, 9 or 10 digits
	case 30, 234:
		return 0x1c00 // 10, 11 or 12 digits
	case 31:
		return 0xfe0 // 5, 6, 7, 8, 9, 10 or 11 digits
	case 32, 36, 51, 213, 224, 233, 237, 250, 258, 264, 268, 377, 382, 387, 591, 962, 963:
		return 0x300 // 8 or 9 digits
	case 33, 34, 93, 94, 211, 212, 218, 221, 240, 242, 244, 249, 251, 255, 256, 260, 261, 262, 351, 590, 594,
		596, 979, 992, 994, 995, 998:
		return 0x200 // 9 digits
	case 39, 381:
		return 0x1fc0 // 6, 7, 8, 9, 10, 11 or 12 digits
	case 40, 508, 681:
		return 0x240 // 6 or 9 digits
	case 41, 870:
		return 0x1200 // 9 or 12 digits
	case 43, 49:
		return 0x3ff0 // 4, 5, 6, 7, 8, 9, 10, 11, 12 or 13 digits
	case 44:
		return 0x680 // 7, 9 or 10 digits
	case 45, 216, 222, 223, 226, 227, 228, 232, 235, 236, 253, 257, 266, 350, 356, 357, 370, 371, 373, 374,
		389, 505, 509, 800, 808, 973, 993:
		return 0x100 // 8 digits
	case 46:
		return 0x17c0 // 6, 7, 8, 9, 10 or 12 digits
	case 47, 686:
		return 0x120 // 5 or 8 digits
	case 48, 95, 880:
		return 0x7c0 // 6, 7, 8, 9 or 10 digits
	case 53:
		return 0x5c0 // 6, 7, 8 or 10 digits
	case 54:
		return 0xc00 // 10 or 11 digits
	case 55, 593:
		return 0xf00 // 8, 9, 10 or 11 digits
	case 56:
		return 0xe00 // 9, 10 or 11 digits
	case 57, 65, 977:
		return 0xd00 // 8, 10 or 11 digits
	case 61:
		return 0x17e0 // 5, 6, 7, 8, 9, 10 or 12 digits
	case 62:
		return 0x3f80 // 7, 8, 9, 10, 11, 12 or 13 digits
	case 63:
		return 0x3f40 // 6, 8, 9, 10, 11, 12 or 13 digits
	case 66:
		return 0x2700 // 8, 9, 10 or 13 digits
	case 81, 91:
		return 0x3f00 // 8, 9, 10, 11, 12 or 13 digits
	case 82:
		return 0x3f60 // 5, 6, 8, 9, 10, 11, 12 or 13 digits
	case 84, 243, 254, 353:
		return 0x780 // 7, 8, 9 or 10 digits
	case 86, 882, 972:
		return 0x1f80 // 7, 8, 9, 10, 11 or 12 digits
	case 90:
		return 0x3480 // 7, 10, 12 or 13 digits
	case 92, 383, 883:
		return 0x1f00 // 8, 9, 10, 11 or 12 digits
	case 98:
		return 0x4f0 // 4, 5, 6, 7 or 10 digits
	case 220, 238, 239, 246, 248, 269, 291, 297, 592, 673, 674, 680, 691, 692:
		return 0x80 // 7 digits
	case 229, 378, 506, 850:
		return 0x500 // 8 or 10 digits
	case 230, 267, 372:
		return 0x580 // 7, 8 or 10 digits
	case 231, 385, 967, 968:
		return 0x380 // 7, 8 or 9 digits
	case 241, 599, 670, 675, 853, 961, 965, 975:
		return 0x180 // 7 or 8 digits
	case 245, 265, 354, 423:
		return 0x280 // 7 or 9 digits
	case 247:
		return 0x60 // 5 or 6 digits
	case 252, 355:
		return 0x3c0 // 6, 7, 8 or 9 digits
	case 290:
		return 0x30 // 4 or 5 digits
	case 298, 299, 672, 687:
		return 0x40 // 6 digits
	case 352:
		return 0xff0 // 4, 5, 6, 7, 8, 9, 10 or 11 digits
	case 358, 971:
		return 0x1fe0 // 5, 6, 7, 8, 9, 10, 11 or 12 digits
	case 359:
		return 0x13c0 // 6, 7, 8, 9 or 12 digits
	case 375, 595:
		return 0xfc0 // 6, 7, 8, 9, 10 or 11 digits
	case 376, 689:
		return 0x340 // 6, 8 or 9 digits
	case 380, 881, 966, 996:
		return 0x600 // 9 or 10 digits
	case 386:
		return 0x1e0 // 5, 6, 7 or 8 digits
	case 420:
		return 0x1e00 // 9, 10, 11 or 12 digits
	case 421:
		return 0x2c0 // 6, 7 or 9 digits
	case 500, 682:
		return 0x20 // 5 digits
	case 501, 679:
		return 0x880 // 7 or 11 digits
	case 502, 504:
		return 0x900 // 8 or 11 digits
	case 503:
		return 0x980 // 7, 8 or 11 digits
	case 507:
		return 0xd80 // 7, 8, 10 or 11 digits
	case 597:
		return 0xc0 // 6 or 7 digits
	case 598:
		return 0x1ff0 // 4, 5, 6, 7, 8, 9, 10, 11 or 12 digits
	case 676, 677, 678:
		return 0xa0 // 5 or 7 digits
	case 683:
		return 0x90 // 4 or 7 digits
	case 685:
		return 0x4e0 // 5, 6, 7 or 10 digits
	case 688:
		return 0xe0 // 5, 6 or 7 digits
	case 690:
		return 0xf0 // 4, 5, 6 or 7 digits
	case 852:
		return 0xbe0 // 5, 6, 7, 8, 9 or 11 digits
	case 878:
		return 0x1000 // 12 digits
	case 886:
		return 0xf80 // 7, 8, 9, 10 or 11 digits
	case 888:
		return 0x800 // 11 digits
	case 960:
		return 0x480 // 7 or 10 digits
	case 974:
		return 0xb80 // 7, 8, 9 or 11 digits
	}
	return 0
}
