/* Copyright: (c) 2026, the winops.sessions authors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt) */
/* Sizes and offsets of the API's structs on Windows x64, measured with mingw-w64. Include it after the structs: those of windows_types.h
 * in the library, those of FreeRDP's winpr/wtsapi.h in a test. */
#include <stddef.h>

#ifndef CURRENT_TIME
#define CURRENT_TIME CurrentTime
#endif
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " does not have the size of Windows x64")
#define AT(type, field, bytes) _Static_assert(offsetof(type, field) == (bytes), #type "." #field " does not have the offset of Windows x64")

SIZE(WTS_SESSION_INFO_1W, 56);
AT(WTS_SESSION_INFO_1W, ExecEnvId, 0);
AT(WTS_SESSION_INFO_1W, State, 4);
AT(WTS_SESSION_INFO_1W, SessionId, 8);
AT(WTS_SESSION_INFO_1W, pSessionName, 16);
AT(WTS_SESSION_INFO_1W, pHostName, 24);
AT(WTS_SESSION_INFO_1W, pUserName, 32);
AT(WTS_SESSION_INFO_1W, pDomainName, 40);
AT(WTS_SESSION_INFO_1W, pFarmName, 48);

SIZE(WTSINFOW, 216);
AT(WTSINFOW, State, 0);
AT(WTSINFOW, SessionId, 4);
AT(WTSINFOW, IncomingBytes, 8);
AT(WTSINFOW, OutgoingCompressedBytes, 28);
AT(WTSINFOW, WinStationName, 32);
AT(WTSINFOW, Domain, 96);
AT(WTSINFOW, UserName, 130);
AT(WTSINFOW, ConnectTime, 176);
AT(WTSINFOW, DisconnectTime, 184);
AT(WTSINFOW, LastInputTime, 192);
AT(WTSINFOW, LogonTime, 200);
AT(WTSINFOW, CURRENT_TIME, 208);

SIZE(WTSINFOEXW, 232);
AT(WTSINFOEXW, Level, 0);
AT(WTSINFOEXW, Data, 8);
SIZE(WTSINFOEX_LEVEL1_W, 224);
AT(WTSINFOEX_LEVEL1_W, SessionId, 0);
AT(WTSINFOEX_LEVEL1_W, SessionState, 4);
AT(WTSINFOEX_LEVEL1_W, SessionFlags, 8);
AT(WTSINFOEX_LEVEL1_W, WinStationName, 12);
AT(WTSINFOEX_LEVEL1_W, UserName, 78);
AT(WTSINFOEX_LEVEL1_W, DomainName, 120);
AT(WTSINFOEX_LEVEL1_W, LogonTime, 160);
AT(WTSINFOEX_LEVEL1_W, ConnectTime, 168);
AT(WTSINFOEX_LEVEL1_W, DisconnectTime, 176);
AT(WTSINFOEX_LEVEL1_W, LastInputTime, 184);
AT(WTSINFOEX_LEVEL1_W, CURRENT_TIME, 192);
AT(WTSINFOEX_LEVEL1_W, IncomingBytes, 200);
AT(WTSINFOEX_LEVEL1_W, OutgoingBytes, 204);
AT(WTSINFOEX_LEVEL1_W, IncomingFrames, 208);
AT(WTSINFOEX_LEVEL1_W, OutgoingFrames, 212);
AT(WTSINFOEX_LEVEL1_W, IncomingCompressedBytes, 216);
AT(WTSINFOEX_LEVEL1_W, OutgoingCompressedBytes, 220);

SIZE(WTS_PROCESS_INFOW, 24);
AT(WTS_PROCESS_INFOW, SessionId, 0);
AT(WTS_PROCESS_INFOW, ProcessId, 4);
AT(WTS_PROCESS_INFOW, pProcessName, 8);
AT(WTS_PROCESS_INFOW, pUserSid, 16);

SIZE(WTS_PROCESS_INFO_EXW, 64);
AT(WTS_PROCESS_INFO_EXW, SessionId, 0);
AT(WTS_PROCESS_INFO_EXW, ProcessId, 4);
AT(WTS_PROCESS_INFO_EXW, pProcessName, 8);
AT(WTS_PROCESS_INFO_EXW, pUserSid, 16);
AT(WTS_PROCESS_INFO_EXW, NumberOfThreads, 24);
AT(WTS_PROCESS_INFO_EXW, HandleCount, 28);
AT(WTS_PROCESS_INFO_EXW, PagefileUsage, 32);
AT(WTS_PROCESS_INFO_EXW, PeakPagefileUsage, 36);
AT(WTS_PROCESS_INFO_EXW, WorkingSetSize, 40);
AT(WTS_PROCESS_INFO_EXW, PeakWorkingSetSize, 44);
AT(WTS_PROCESS_INFO_EXW, UserTime, 48);
AT(WTS_PROCESS_INFO_EXW, KernelTime, 56);

SIZE(WTS_CLIENT_ADDRESS, 24);
AT(WTS_CLIENT_ADDRESS, AddressFamily, 0);
AT(WTS_CLIENT_ADDRESS, Address, 4);

SIZE(WTSCLIENTW, 2304);
AT(WTSCLIENTW, ClientName, 0);
AT(WTSCLIENTW, Domain, 42);
AT(WTSCLIENTW, UserName, 78);
AT(WTSCLIENTW, WorkDirectory, 120);
AT(WTSCLIENTW, InitialProgram, 642);
AT(WTSCLIENTW, EncryptionLevel, 1164);
AT(WTSCLIENTW, ClientAddressFamily, 1168);
AT(WTSCLIENTW, ClientAddress, 1172);
AT(WTSCLIENTW, HRes, 1234);
AT(WTSCLIENTW, VRes, 1236);
AT(WTSCLIENTW, ColorDepth, 1238);
AT(WTSCLIENTW, ClientDirectory, 1240);
AT(WTSCLIENTW, ClientBuildNumber, 1764);
AT(WTSCLIENTW, ClientHardwareId, 1768);
AT(WTSCLIENTW, ClientProductId, 1772);
AT(WTSCLIENTW, OutBufCountHost, 1774);
AT(WTSCLIENTW, DeviceId, 1780);

#undef SIZE
#undef AT
