using System.Buffers.Binary;
using NativeBuffers.Platform.Shared;
using static NativeBuffers.Platform.Windows.WindowsCalls;

namespace NativeBuffers.Platform.Windows;

/// <summary>Fault notes on Windows: a vectored exception handler that notes the fault and passes it on. For x64. Compiled, not run yet.</summary>
internal sealed class WindowsFaults(SystemMemory memory) : SystemFaults
{
    public override bool KnowsAccess => true;

    /// <inheritdoc/>
    public override unsafe bool TryNote(ulong* place, FaultLine* line)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return false;
        }

        void* page = memory.Allocate(SystemMemory.PageSize, 1);
        if (page == null)
        {
            return false;
        }

        Code((ulong)place).CopyTo(new Span<byte>(page, (int)SystemMemory.PageSize));
        if (VirtualProtect(page, SystemMemory.PageSize, PAGE_EXECUTE_READ, out _) && AddVectoredExceptionHandler(1, page) != null)
        {
            return true;
        }

        memory.Free(page, SystemMemory.PageSize);
        return false;
    }

    /// <remarks>
    /// <c>LONG handler(EXCEPTION_POINTERS *pointers)</c>. The first pointer there is to an <c>EXCEPTION_RECORD</c>: code at 0, the
    /// instruction's address at 16. An access violation has the kind of access at 32 (0 reads, 1 writes, 8 executes), and the address at 40.
    /// </remarks>
    private static byte[] Code(ulong place)
    {
        byte[] placeBytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(placeBytes, place);
        return
        [
            0x48, 0x8B, 0x01,                           // mov rax, [rcx]             the record
            0x81, 0x38, 0x05, 0x00, 0x00, 0xC0,         // cmp dword [rax], 0xC0000005
            0x75, 0x35,                                 // jne +53                    no access violation: done
            0x48, 0x8B, 0x50, 0x28,                     // mov rdx, [rax + 40]        the address
            0x48, 0x81, 0xFA, 0x00, 0x00, 0x01, 0x00,   // cmp rdx, 65536
            0x72, 0x28,                                 // jb  +40                    a null reference: done
            0x49, 0xB8, .. placeBytes,                  // mov r8, place
            0x49, 0x89, 0x10,                           // mov [r8], rdx
            0x48, 0x8B, 0x48, 0x20,                     // mov rcx, [rax + 32]        the kind of access
            0x48, 0xD1, 0xE1,                           // shl rcx, 1                 bit 1 says write, as on Linux
            0x49, 0x89, 0x48, 0x08,                     // mov [r8 + 8], rcx
            0x48, 0x8B, 0x48, 0x10,                     // mov rcx, [rax + 16]        the instruction
            0x49, 0x89, 0x48, 0x10,                     // mov [r8 + 16], rcx
            0x49, 0xC7, 0x40, 0x18, 0x00, 0x00, 0x00, 0x00, // mov qword [r8 + 24], 0  no signal; both jumps end after this
            0x31, 0xC0,                                 // xor eax, eax               EXCEPTION_CONTINUE_SEARCH
            0xC3,                                       // ret
        ];
    }
}
