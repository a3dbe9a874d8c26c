/* Copyright: (c) 2026, the winops.sessions authors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt) */
/* Replaces wtsapi32, kernel32, advapi32 and secur32 in a process of a simulated Windows host. It has no state: each call is one request to the host
 * (WINHOST_SOCKET), and the response is laid out as Windows does. wire.py describes the frames, api.py the functions. */
#define _GNU_SOURCE
#include "windows_types.h"
#include "layout.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Not in layout.h, because FreeRDP's header, which a test compares with it, does not have these structs. */
_Static_assert(sizeof(SID_AND_ATTRIBUTES) == 16 && offsetof(TOKEN_GROUPS, Groups) == 8, "TOKEN_GROUPS is not as on Windows x64");

#define EXPORT __attribute__((visibility("default")))

enum {
    ERROR_SUCCESS = 0,
    ERROR_INVALID_PARAMETER = 87,
    ERROR_INSUFFICIENT_BUFFER = 122,
    ERROR_MORE_DATA = 234,
    ERROR_INTERNAL_ERROR = 1359,
    RPC_S_SERVER_UNAVAILABLE = 1722,
};

/* For SetLastError = true, .NET on Linux reads errno, so it is set last, to the Win32 code. */
static BOOL finish(DWORD error)
{
    errno = (int)error;
    return error == ERROR_SUCCESS;
}

/* ---- Frames ------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    BYTE *data;
    size_t size, room;
} Frame;

static void add(Frame *frame, const void *data, size_t size)
{
    if (frame->size + size > frame->room) {
        frame->room = (frame->size + size) * 2;
        frame->data = realloc(frame->data, frame->room);
        if (!frame->data)
            abort();
    }
    if (size)
        memcpy(frame->data + frame->size, data, size);
    frame->size += size;
}

static void add_counted(Frame *frame, char tag, uint32_t count, const void *data, size_t size)
{
    add(frame, &tag, 1);
    add(frame, &count, 4);
    add(frame, data, size);
}

static void add_number(Frame *frame, uint64_t number)
{
    add(frame, "u", 1);
    add(frame, &number, 8);
}

static void add_utf8(Frame *frame, const char *text)
{
    add_counted(frame, 'a', (uint32_t)strlen(text), text, strlen(text));
}

static size_t length(LPCWSTR text)
{
    size_t units = 0;
    while (text[units])
        units++;
    return units;
}

static void add_text(Frame *frame, LPCWSTR text)
{
    if (text)
        add_counted(frame, 's', (uint32_t)length(text), text, length(text) * 2);
    else
        add_counted(frame, 's', UINT32_MAX, NULL, 0);
}

/* A response, and the position of the next value. */
typedef struct {
    BYTE *data;
    size_t size, at;
    bool broken;
    DWORD error;
} Answer;

static const void *next(Answer *answer, char tag, uint32_t *count, size_t unit)
{
    uint32_t found;
    if (answer->broken || answer->at + 5 > answer->size || answer->data[answer->at] != (BYTE)tag)
        goto broken;
    memcpy(&found, answer->data + answer->at + 1, 4);
    answer->at += 5;
    *count = 0;
    if (tag == 's' && found == UINT32_MAX)
        return NULL;
    if (found > (answer->size - answer->at) / unit)
        goto broken;
    const void *data = answer->data + answer->at;
    answer->at += found * unit;
    *count = found;
    return data;
broken:
    answer->broken = true;
    *count = 0;
    return NULL;
}

static uint64_t next_number(Answer *answer)
{
    uint64_t number = 0;
    if (answer->broken || answer->at + 9 > answer->size || answer->data[answer->at] != 'u') {
        answer->broken = true;
        return 0;
    }
    memcpy(&number, answer->data + answer->at + 1, 8);
    answer->at += 9;
    return number;
}

static bool transfer(int connection, BYTE *data, size_t size, bool out)
{
    while (size) {
        ssize_t done = out ? send(connection, data, size, MSG_NOSIGNAL) : recv(connection, data, size, 0);
        if (done < 0 && errno == EINTR)
            continue; /* .NET suspends its threads with signals */
        if (done <= 0)
            return false;
        data += done;
        size -= (size_t)done;
    }
    return true;
}

static int connect_to_host(void)
{
    const char *path = getenv("WINHOST_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || strlen(path) >= sizeof address.sun_path)
        return -1;
    strcpy(address.sun_path, path);
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0)
        return -1;
    int failed;
    do
        failed = connect(connection, (struct sockaddr *)&address, sizeof address);
    while (failed && errno == EINTR);
    if (!failed)
        return connection;
    close(connection);
    return -1;
}

/* Idle connections, reused by the next calls: as many as there were calls at the same time. */
enum { MOST_KEPT = 16 };
static pthread_mutex_t keeping = PTHREAD_MUTEX_INITIALIZER;
static int kept[MOST_KEPT], kept_count;

static int take_connection(void)
{
    for (;;) {
        pthread_mutex_lock(&keeping);
        int connection = kept_count ? kept[--kept_count] : -1;
        pthread_mutex_unlock(&keeping);
        if (connection < 0)
            return connect_to_host();
        /* The host sends nothing without a request: a readable connection has been closed by it. */
        struct pollfd state = {.fd = connection, .events = POLLIN};
        if (poll(&state, 1, 0) == 0)
            return connection;
        close(connection);
    }
}

static void keep_connection(int connection)
{
    pthread_mutex_lock(&keeping);
    bool is_kept = kept_count < MOST_KEPT;
    if (is_kept)
        kept[kept_count++] = connection;
    pthread_mutex_unlock(&keeping);
    if (!is_kept)
        close(connection);
}

static bool exchange(int connection, Frame *request, Answer *answer)
{
    uint32_t size = (uint32_t)request->size;
    if (!transfer(connection, (BYTE *)&size, 4, true) || !transfer(connection, request->data, request->size, true) ||
        !transfer(connection, (BYTE *)&size, 4, false))
        return false;
    answer->data = malloc(size ? size : 1);
    if (!answer->data)
        abort();
    answer->size = size;
    return transfer(connection, answer->data, size, false);
}

/* Sends a request. The format has a letter for each argument: u uint64_t, s LPCWSTR, b size_t and const void *. The caller frees answer.data. */
static Answer ask(const char *api, const char *format, ...)
{
    Frame request = {0};
    Answer answer = {0};
    const char *account = getenv("WINHOST_ACCOUNT");
    add_utf8(&request, api);
    add_utf8(&request, account ? account : "");
    add_utf8(&request, "");
    add_number(&request, (uint64_t)getpid());
    va_list arguments;
    va_start(arguments, format);
    for (; *format; format++) {
        if (*format == 'u') {
            add_number(&request, va_arg(arguments, uint64_t));
        } else if (*format == 's') {
            add_text(&request, va_arg(arguments, LPCWSTR));
        } else {
            size_t size = va_arg(arguments, size_t);
            add_counted(&request, 'b', (uint32_t)size, va_arg(arguments, const void *), size);
        }
    }
    va_end(arguments);

    int connection = take_connection();
    if (connection >= 0 && exchange(connection, &request, &answer)) {
        keep_connection(connection);
        answer.error = (DWORD)next_number(&answer);
        if (answer.broken)
            answer.error = ERROR_INTERNAL_ERROR;
    } else {
        if (connection >= 0)
            close(connection);
        answer.error = RPC_S_SERVER_UNAVAILABLE;
    }
    free(request.data);
    return answer;
}

static DWORD settle(Answer *answer)
{
    DWORD error = answer->error;
    if (error == ERROR_SUCCESS && answer->broken)
        error = ERROR_INTERNAL_ERROR;
    free(answer->data);
    return error;
}

#define U(value) ((uint64_t)(value))
#define H(handle) ((uint64_t)(uintptr_t)(handle))

/* ---- Memory that the API allocates -------------------------------------------------------------------------------------------------------- */

/* The host numbers each block and records how it is freed, so that a test detects leaks, double frees and the wrong function. A freed block is
 * overwritten and never reused, so that a later read returns the same garbage in each run. */
enum { ALIVE = 0x57494e48, DEAD = 0x44454144, RUBBISH = 0xdd };

typedef struct {
    uint64_t serial, size;
    uint64_t mark, padding;
} Block;

typedef struct {
    BYTE *start, *at;
} Arena;

/* Allocates one block for a struct and everything that it points to. */
static Arena hand_out(uint64_t serial, size_t size)
{
    Block *block = calloc(1, sizeof(Block) + size);
    if (!block)
        abort();
    block->serial = serial;
    block->size = size;
    block->mark = ALIVE;
    BYTE *start = (BYTE *)(block + 1);
    return (Arena){start, start};
}

static void *put(Arena *arena, const void *data, size_t size)
{
    BYTE *place = arena->at;
    if (data)
        memcpy(place, data, size);
    arena->at += (size + 7) & ~(size_t)7;
    return place;
}

/* The next text of the response, with a NUL; NULL stays NULL. The NUL and the alignment take at most 8 bytes. */
static LPWSTR put_text(Arena *arena, Answer *answer)
{
    uint32_t units;
    const void *text = next(answer, 's', &units, 2);
    if (!text)
        return NULL;
    LPWSTR place = put(arena, NULL, (units + 1) * 2);
    memcpy(place, text, units * 2);
    return place;
}

static void *put_bytes(Arena *arena, Answer *answer)
{
    uint32_t size;
    const void *data = next(answer, 'b', &size, 1);
    return size ? put(arena, data, size) : NULL;
}

static DWORD take_back(const char *api, void *memory, DWORD type, DWORD count)
{
    Block *block = memory ? (Block *)memory - 1 : NULL;
    uint64_t serial = 0;
    if (block && (block->mark == ALIVE || block->mark == DEAD))
        serial = block->serial;
    if (serial && block->mark == ALIVE) {
        block->mark = DEAD;
        memset(memory, RUBBISH, block->size);
    }
    if (!memory)
        return ERROR_SUCCESS;
    Answer answer = ask(api, "uuu", serial, U(type), U(count));
    return settle(&answer);
}

EXPORT void WTSFreeMemory(void *memory)
{
    finish(take_back("WTSFreeMemory", memory, 0, 0));
}

EXPORT BOOL WTSFreeMemoryExW(DWORD type, void *memory, ULONG count)
{
    return finish(take_back("WTSFreeMemoryExW", memory, type, count));
}

EXPORT void *LocalFree(void *memory)
{
    return finish(take_back("LocalFree", memory, 0, 0)) ? NULL : memory;
}

/* ---- Sessions ----------------------------------------------------------------------------------------------------------------------------- */

EXPORT HANDLE WTSOpenServerExW(LPCWSTR name)
{
    Answer answer = ask("WTSOpenServerExW", "s", name);
    HANDLE server = answer.error ? NULL : (HANDLE)(uintptr_t)next_number(&answer);
    finish(settle(&answer));
    return server;
}

EXPORT void WTSCloseServer(HANDLE server)
{
    Answer answer = ask("WTSCloseServer", "u", H(server));
    finish(settle(&answer));
}

EXPORT BOOL WTSEnumerateSessionsExW(HANDLE server, DWORD *level, DWORD filter, WTS_SESSION_INFO_1W **sessions, DWORD *count)
{
    Answer answer = ask("WTSEnumerateSessionsExW", "uuu", H(server), U(*level), U(filter));
    if (!answer.error) {
        uint64_t serial = next_number(&answer);
        uint32_t rows = (uint32_t)next_number(&answer);
        *sessions = NULL;
        *count = rows;
        if (rows) {
            Arena arena = hand_out(serial, rows * (sizeof **sessions + 6 * 8) + answer.size);
            *sessions = put(&arena, NULL, rows * sizeof **sessions);
            for (WTS_SESSION_INFO_1W *row = *sessions; row < *sessions + rows; row++) {
                row->SessionId = row->ExecEnvId = (DWORD)next_number(&answer);
                row->State = (DWORD)next_number(&answer);
                row->pSessionName = put_text(&arena, &answer);
                row->pUserName = put_text(&arena, &answer);
                row->pDomainName = put_text(&arena, &answer);
                row->pHostName = put_text(&arena, &answer);
            }
        }
    }
    return finish(settle(&answer));
}

/* A fixed field: longer text is truncated, and the last unit is the NUL. */
#define CUT(field, answer) cut(field, sizeof(field) / sizeof *(field), answer)
static void cut(WCHAR *field, size_t room, Answer *answer)
{
    uint32_t units;
    const void *text = next(answer, 's', &units, 2);
    if (text)
        memcpy(field, text, (units < room ? units : room - 1) * 2);
}

static void fill_info(WTSINFOW *info, Answer *answer)
{
    info->SessionId = (DWORD)next_number(answer);
    info->State = (DWORD)next_number(answer);
    next_number(answer); /* WTSINFO has no lock flag */
    CUT(info->WinStationName, answer);
    CUT(info->UserName, answer);
    CUT(info->Domain, answer);
    info->LogonTime = (LARGE_INTEGER)next_number(answer);
    info->ConnectTime = (LARGE_INTEGER)next_number(answer);
    info->DisconnectTime = (LARGE_INTEGER)next_number(answer);
    info->LastInputTime = (LARGE_INTEGER)next_number(answer);
    info->CurrentTime = (LARGE_INTEGER)next_number(answer);
}

static void fill_info_ex(WTSINFOEXW *info_ex, Answer *answer)
{
    WTSINFOEX_LEVEL1_W *info = &info_ex->Data.WTSInfoExLevel1;
    info_ex->Level = 1;
    info->SessionId = (DWORD)next_number(answer);
    info->SessionState = (DWORD)next_number(answer);
    info->SessionFlags = (LONG)next_number(answer);
    CUT(info->WinStationName, answer);
    CUT(info->UserName, answer);
    CUT(info->DomainName, answer);
    info->LogonTime = (LARGE_INTEGER)next_number(answer);
    info->ConnectTime = (LARGE_INTEGER)next_number(answer);
    info->DisconnectTime = (LARGE_INTEGER)next_number(answer);
    info->LastInputTime = (LARGE_INTEGER)next_number(answer);
    info->CurrentTime = (LARGE_INTEGER)next_number(answer);
}

static void fill_client(WTSCLIENTW *client, Answer *answer)
{
    CUT(client->ClientName, answer);
    CUT(client->Domain, answer);
    CUT(client->UserName, answer);
    client->ClientAddressFamily = (ULONG)next_number(answer);
    CUT(client->ClientAddress, answer);
    client->ClientBuildNumber = (ULONG)next_number(answer);
}

static void fill_address(WTS_CLIENT_ADDRESS *address, Answer *answer)
{
    uint32_t size;
    address->AddressFamily = (DWORD)next_number(answer);
    const void *data = next(answer, 'b', &size, 1);
    if (data)
        memcpy(address->Address, data, size < sizeof address->Address ? size : sizeof address->Address);
}

EXPORT BOOL WTSQuerySessionInformationW(HANDLE server, DWORD session, int class, void **buffer, DWORD *bytes)
{
    Answer answer = ask("WTSQuerySessionInformationW", "uuu", H(server), U(session), U((DWORD)class));
    if (!answer.error) {
        enum { WHOLE, EMPTY, SHORT } shape = (int)next_number(&answer);
        uint64_t serial = next_number(&answer);
        *buffer = NULL;
        *bytes = 0;
        if (shape != EMPTY) {
            Arena arena = hand_out(serial, sizeof(WTSCLIENTW) + answer.size);
            *buffer = arena.start;
            switch (class) {
            case 9: /* WTSClientBuildNumber */
                *(ULONG *)*buffer = (ULONG)next_number(&answer);
                *bytes = sizeof(ULONG);
                break;
            case 10: /* WTSClientName */
                *bytes = (DWORD)(length(put_text(&arena, &answer)) + 1) * 2;
                break;
            case 14: /* WTSClientAddress */
                fill_address(*buffer, &answer);
                *bytes = sizeof(WTS_CLIENT_ADDRESS);
                break;
            case 16: /* WTSClientProtocolType */
                *(USHORT *)*buffer = (USHORT)next_number(&answer);
                *bytes = sizeof(USHORT);
                break;
            case 23: /* WTSClientInfo */
                fill_client(*buffer, &answer);
                *bytes = sizeof(WTSCLIENTW);
                break;
            case 24: /* WTSSessionInfo */
                fill_info(*buffer, &answer);
                *bytes = sizeof(WTSINFOW);
                break;
            case 25: /* WTSSessionInfoEx */
                fill_info_ex(*buffer, &answer);
                *bytes = sizeof(WTSINFOEXW);
                break;
            default:
                answer.broken = true;
            }
            if (shape == SHORT)
                *bytes /= 2;
        }
    }
    return finish(settle(&answer));
}

EXPORT BOOL WTSLogoffSession(HANDLE server, DWORD session, BOOL wait)
{
    Answer answer = ask("WTSLogoffSession", "uuu", H(server), U(session), U(wait != 0));
    return finish(settle(&answer));
}

EXPORT BOOL WTSDisconnectSession(HANDLE server, DWORD session, BOOL wait)
{
    Answer answer = ask("WTSDisconnectSession", "uuu", H(server), U(session), U(wait != 0));
    return finish(settle(&answer));
}

/* The lengths are in bytes. As many are sent, even if the text is longer. */
EXPORT BOOL WTSSendMessageW(HANDLE server, DWORD session, LPCWSTR title, DWORD title_bytes, LPCWSTR text, DWORD text_bytes, DWORD style,
                            DWORD timeout, DWORD *response, BOOL wait)
{
    Answer answer = ask("WTSSendMessageW", "uubbuuu", H(server), U(session), (size_t)title_bytes, (const void *)title, (size_t)text_bytes,
                        (const void *)text, U(style), U(timeout), U(wait != 0));
    if (!answer.error)
        *response = (DWORD)next_number(&answer);
    return finish(settle(&answer));
}

EXPORT BOOL WTSEnumerateProcessesExW(HANDLE server, DWORD *level, DWORD session, void **processes, DWORD *count)
{
    Answer answer = ask("WTSEnumerateProcessesExW", "uuu", H(server), U(*level), U(session));
    if (answer.error == ERROR_INVALID_PARAMETER) {
        *level = 1; /* "If the value is not 0 or 1, the function sets it to 1 and fails" */
    } else if (!answer.error) {
        uint64_t serial = next_number(&answer);
        uint32_t rows = (uint32_t)next_number(&answer);
        size_t size = *level ? sizeof(WTS_PROCESS_INFO_EXW) : sizeof(WTS_PROCESS_INFOW);
        *processes = NULL;
        *count = rows;
        if (rows) {
            Arena arena = hand_out(serial, rows * (size + 2 * 8) + answer.size);
            BYTE *row = *processes = put(&arena, NULL, rows * size);
            for (uint32_t n = 0; n < rows; n++, row += size) {
                WTS_PROCESS_INFOW *process = (WTS_PROCESS_INFOW *)row;
                process->SessionId = (DWORD)next_number(&answer);
                process->ProcessId = (DWORD)next_number(&answer);
                process->pProcessName = put_text(&arena, &answer);
                process->pUserSid = put_bytes(&arena, &answer);
                if (*level) {
                    WTS_PROCESS_INFO_EXW *more = (WTS_PROCESS_INFO_EXW *)row;
                    more->NumberOfThreads = 4;
                    more->HandleCount = 120;
                    more->WorkingSetSize = more->PeakWorkingSetSize = 12 << 20;
                    more->PagefileUsage = more->PeakPagefileUsage = 8 << 20;
                }
            }
        }
    }
    return finish(settle(&answer));
}

/* ---- The process and its account ------------------------------------------------------------------------------------------------------------ */

EXPORT BOOL ProcessIdToSessionId(DWORD process, DWORD *session)
{
    Answer answer = ask("ProcessIdToSessionId", "u", U(process));
    if (!answer.error)
        *session = (DWORD)next_number(&answer);
    return finish(settle(&answer));
}

EXPORT DWORD GetCurrentProcessId(void)
{
    Answer answer = ask("GetCurrentProcessId", "");
    DWORD process = (DWORD)next_number(&answer);
    settle(&answer);
    return process;
}

EXPORT DWORD WTSGetActiveConsoleSessionId(void)
{
    Answer answer = ask("WTSGetActiveConsoleSessionId", "");
    DWORD session = answer.error ? 0xFFFFFFFF : (DWORD)next_number(&answer);
    settle(&answer);
    return session;
}

EXPORT HANDLE OpenProcess(DWORD access, BOOL inherit, DWORD process)
{
    Answer answer = ask("OpenProcess", "uuu", U(access), U(inherit != 0), U(process));
    HANDLE opened = answer.error ? NULL : (HANDLE)(uintptr_t)next_number(&answer);
    finish(settle(&answer));
    return opened;
}

EXPORT BOOL OpenProcessToken(HANDLE process, DWORD access, HANDLE *token)
{
    Answer answer = ask("OpenProcessToken", "uu", H(process), U(access));
    if (!answer.error)
        *token = (HANDLE)(uintptr_t)next_number(&answer);
    return finish(settle(&answer));
}

/* TOKEN_GROUPS, followed by the SIDs. If the buffer is too small, the function returns the size ("GetTokenInformation"). */
EXPORT BOOL GetTokenInformation(HANDLE token, int class, void *buffer, DWORD room, DWORD *needed)
{
    Answer answer = ask("GetTokenInformation", "uu", H(token), U((DWORD)class));
    if (!answer.error) {
        uint32_t count = (uint32_t)next_number(&answer), size;
        size_t first = answer.at, whole = offsetof(TOKEN_GROUPS, Groups) + count * sizeof(SID_AND_ATTRIBUTES);
        for (uint32_t n = 0; n < count; n++) {
            next(&answer, 'b', &size, 1);
            next_number(&answer);
            whole += (size + 3) & ~3u;
        }
        *needed = (DWORD)whole;
        if (!buffer || room < whole) {
            answer.error = ERROR_INSUFFICIENT_BUFFER;
        } else if (!answer.broken) {
            TOKEN_GROUPS *groups = buffer;
            BYTE *place = (BYTE *)(groups->Groups + count);
            answer.at = first;
            groups->GroupCount = count;
            for (uint32_t n = 0; n < count; n++) {
                const void *sid = next(&answer, 'b', &size, 1);
                memcpy(place, sid, size);
                groups->Groups[n].Sid = place;
                groups->Groups[n].Attributes = (DWORD)next_number(&answer);
                place += (size + 3) & ~3u;
            }
        }
    }
    return finish(settle(&answer));
}

EXPORT BOOL CloseHandle(HANDLE handle)
{
    Answer answer = ask("CloseHandle", "u", H(handle));
    return finish(settle(&answer));
}

EXPORT BOOL LookupAccountNameW(LPCWSTR system, LPCWSTR name, void *sid, DWORD *sid_size, LPWSTR domain, DWORD *domain_room, DWORD *use)
{
    Answer answer = ask("LookupAccountNameW", "ss", system, name);
    if (!answer.error) {
        uint32_t size, units;
        const void *sid_found = next(&answer, 'b', &size, 1);
        const void *domain_found = next(&answer, 's', &units, 2);
        DWORD use_found = (DWORD)next_number(&answer);
        if (!sid || *sid_size < size || !domain || *domain_room < units + 1) {
            *domain_room = units + 1;
            answer.error = ERROR_INSUFFICIENT_BUFFER;
        } else if (!answer.broken) {
            memcpy(sid, sid_found, size);
            memcpy(domain, domain_found, units * 2);
            domain[units] = 0;
            *domain_room = units;
            *use = use_found;
        }
        *sid_size = size;
    }
    return finish(settle(&answer));
}

EXPORT BOOL ConvertSidToStringSidW(const BYTE *sid, LPWSTR *text)
{
    Answer answer = ask("ConvertSidToStringSidW", "b", sid ? (size_t)8 + 4 * sid[1] : (size_t)0, (const void *)sid);
    if (!answer.error) {
        Arena arena = hand_out(next_number(&answer), answer.size + 8);
        *text = put_text(&arena, &answer);
    }
    return finish(settle(&answer));
}

EXPORT BOOLEAN GetUserNameExW(int format, LPWSTR name, ULONG *room)
{
    Answer answer = ask("GetUserNameExW", "u", U((DWORD)format));
    if (!answer.error) {
        uint32_t units;
        const void *found = next(&answer, 's', &units, 2);
        if (!name || *room < units + 1) {
            *room = units + 1;
            answer.error = ERROR_MORE_DATA;
        } else {
            if (units)
                memcpy(name, found, units * 2);
            name[units] = 0;
            *room = units;
        }
    }
    return (BOOLEAN)finish(settle(&answer));
}

/* ---- The registry: these functions return the error and do not set the last error ---------------------------------------------------------------------- */

EXPORT LONG RegCreateKeyExW(HANDLE key, LPCWSTR path, DWORD reserved, LPWSTR class, DWORD options, DWORD access, const void *security,
                            HANDLE *opened, DWORD *disposition)
{
    (void)reserved, (void)class, (void)security;
    Answer answer = ask("RegCreateKeyExW", "usuu", H(key), path, U(options), U(access));
    if (!answer.error) {
        *opened = (HANDLE)(uintptr_t)next_number(&answer);
        DWORD was = (DWORD)next_number(&answer);
        if (disposition)
            *disposition = was;
    }
    return (LONG)settle(&answer);
}

EXPORT LONG RegOpenKeyExW(HANDLE key, LPCWSTR path, DWORD options, DWORD access, HANDLE *opened)
{
    (void)options;
    Answer answer = ask("RegOpenKeyExW", "usu", H(key), path, U(access));
    if (!answer.error)
        *opened = (HANDLE)(uintptr_t)next_number(&answer);
    return (LONG)settle(&answer);
}

EXPORT LONG RegSetValueExW(HANDLE key, LPCWSTR name, DWORD reserved, DWORD type, const BYTE *data, DWORD size)
{
    (void)reserved;
    Answer answer = ask("RegSetValueExW", "usub", H(key), name, U(type), (size_t)(data ? size : 0), (const void *)data);
    return (LONG)settle(&answer);
}

/* Returns type and data. The buffer may be too small, or NULL if the caller only needs the size. */
static void give_value(Answer *answer, DWORD *type, BYTE *data, DWORD *size)
{
    uint32_t found;
    DWORD type_found = (DWORD)next_number(answer);
    const void *value = next(answer, 'b', &found, 1);
    if (type)
        *type = type_found;
    if (!size)
        return;
    if (data && *size < found)
        answer->error = ERROR_MORE_DATA;
    else if (data && found)
        memcpy(data, value, found);
    *size = found;
}

EXPORT LONG RegQueryValueExW(HANDLE key, LPCWSTR name, DWORD *reserved, DWORD *type, BYTE *data, DWORD *size)
{
    (void)reserved;
    if (data && !size)
        return ERROR_INVALID_PARAMETER;
    Answer answer = ask("RegQueryValueExW", "us", H(key), name);
    if (!answer.error)
        give_value(&answer, type, data, size);
    return (LONG)settle(&answer);
}

EXPORT LONG RegEnumValueW(HANDLE key, DWORD index, LPWSTR name, DWORD *room, DWORD *reserved, DWORD *type, BYTE *data, DWORD *size)
{
    (void)reserved;
    Answer answer = ask("RegEnumValueW", "uu", H(key), U(index));
    if (!answer.error) {
        uint32_t units;
        const void *found = next(&answer, 's', &units, 2);
        if (*room < units + 1) {
            answer.error = ERROR_MORE_DATA;
        } else {
            if (units)
                memcpy(name, found, units * 2);
            name[units] = 0;
            *room = units;
            give_value(&answer, type, data, size);
        }
    }
    return (LONG)settle(&answer);
}

EXPORT LONG RegDeleteValueW(HANDLE key, LPCWSTR name)
{
    Answer answer = ask("RegDeleteValueW", "us", H(key), name);
    return (LONG)settle(&answer);
}

EXPORT LONG RegCloseKey(HANDLE key)
{
    Answer answer = ask("RegCloseKey", "u", H(key));
    return (LONG)settle(&answer);
}
