/* Copyright: (c) 2026, the winops.sessions authors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt) */
/* The types and structs of the API with the layout of Windows x64, which layout.h asserts. */
#ifndef WINDOWS_TYPES_H
#define WINDOWS_TYPES_H

#include <stddef.h>
#include <stdint.h>

typedef uint16_t WCHAR; /* wchar_t has 32 bits on Linux */
typedef uint8_t BYTE;
typedef uint8_t BOOLEAN;
typedef uint16_t USHORT;
typedef int32_t BOOL;
typedef int32_t LONG;
typedef uint32_t DWORD;
typedef uint32_t ULONG;
typedef WCHAR *LPWSTR;
typedef const WCHAR *LPCWSTR;
typedef void *HANDLE;
typedef void *PSID;
typedef int64_t LARGE_INTEGER;
typedef DWORD WTS_CONNECTSTATE_CLASS;

typedef struct {
    DWORD ExecEnvId;
    WTS_CONNECTSTATE_CLASS State;
    DWORD SessionId;
    LPWSTR pSessionName, pHostName, pUserName, pDomainName, pFarmName;
} WTS_SESSION_INFO_1W;

typedef struct {
    WTS_CONNECTSTATE_CLASS State;
    DWORD SessionId;
    DWORD IncomingBytes, OutgoingBytes, IncomingFrames, OutgoingFrames, IncomingCompressedBytes, OutgoingCompressedBytes;
    WCHAR WinStationName[32];
    WCHAR Domain[17];
    WCHAR UserName[21];
    LARGE_INTEGER ConnectTime, DisconnectTime, LastInputTime, LogonTime, CurrentTime;
} WTSINFOW;

typedef struct {
    ULONG SessionId;
    WTS_CONNECTSTATE_CLASS SessionState;
    LONG SessionFlags;
    WCHAR WinStationName[33];
    WCHAR UserName[21];
    WCHAR DomainName[18];
    LARGE_INTEGER LogonTime, ConnectTime, DisconnectTime, LastInputTime, CurrentTime;
    DWORD IncomingBytes, OutgoingBytes, IncomingFrames, OutgoingFrames, IncomingCompressedBytes, OutgoingCompressedBytes;
} WTSINFOEX_LEVEL1_W;

typedef struct {
    DWORD Level;
    union {
        WTSINFOEX_LEVEL1_W WTSInfoExLevel1;
    } Data;
} WTSINFOEXW;

typedef struct {
    DWORD SessionId;
    DWORD ProcessId;
    LPWSTR pProcessName;
    PSID pUserSid;
} WTS_PROCESS_INFOW;

typedef struct {
    DWORD SessionId;
    DWORD ProcessId;
    LPWSTR pProcessName;
    PSID pUserSid;
    DWORD NumberOfThreads, HandleCount, PagefileUsage, PeakPagefileUsage, WorkingSetSize, PeakWorkingSetSize;
    LARGE_INTEGER UserTime, KernelTime;
} WTS_PROCESS_INFO_EXW;

typedef struct {
    DWORD AddressFamily;
    BYTE Address[20];
} WTS_CLIENT_ADDRESS;

typedef struct {
    WCHAR ClientName[21];
    WCHAR Domain[18];
    WCHAR UserName[21];
    WCHAR WorkDirectory[261];
    WCHAR InitialProgram[261];
    BYTE EncryptionLevel;
    ULONG ClientAddressFamily;
    USHORT ClientAddress[31];
    USHORT HRes, VRes, ColorDepth;
    WCHAR ClientDirectory[261];
    ULONG ClientBuildNumber;
    ULONG ClientHardwareId;
    USHORT ClientProductId;
    USHORT OutBufCountHost, OutBufCountClient, OutBufLength;
    WCHAR DeviceId[261];
} WTSCLIENTW;

typedef struct {
    PSID Sid;
    DWORD Attributes;
} SID_AND_ATTRIBUTES;

typedef struct {
    DWORD GroupCount;
    SID_AND_ATTRIBUTES Groups[1];
} TOKEN_GROUPS;

#endif
