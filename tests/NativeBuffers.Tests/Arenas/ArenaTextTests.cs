using System.Runtime.InteropServices;
using System.Text;

namespace NativeBuffers.Tests.Arenas;

/// <summary>Texts that are copied into an arena.</summary>
[CorrectProgram]
public class ArenaTextTests
{
    public static TheoryData<string> Texts => ["", "a", "Straße", "日本語", "😀 and a half: \ud83d", new string('x', 5000), new string('é', 200_000)];

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_copy_is_the_text_in_its_encoding(string text)
    {
        using var arena = NativeArena.Create(100);
        using ArenaScope scope = arena.BeginScope();
        using var owner = NativeArenaOwner.Create(100);
        using ArenaBorrow borrow = owner.Borrow();
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Assert.Equal(text, scope.CopyString(text).ToString());
        Assert.Equal(text, borrow.CopyString(text).ToString());
        Assert.Equal(utf8, scope.CopyUtf8String(text).ToArray());
        Assert.Equal(utf8, borrow.CopyUtf8String(text).ToArray());
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public unsafe void A_zero_follows_the_copy_on_request(string text)
    {
        using var arena = NativeArena.Create(100);
        arena.AllocateUninitialized<byte>(4000).Fill(0xFF);
        long before = arena.AllocatedBytes;
        Span<byte> utf8 = arena.CopyUtf8String(text, isZeroTerminated: true);
        Assert.Equal(utf8.Length + 1, arena.AllocatedBytes - before);
        Span<char> utf16 = arena.CopyString(text, isZeroTerminated: true);
        fixed (byte* first = &MemoryMarshal.GetReference(utf8))
        fixed (char* second = &MemoryMarshal.GetReference(utf16))
        {
            Assert.Equal(Encoding.UTF8.GetBytes(text), MemoryMarshal.CreateReadOnlySpanFromNullTerminated(first).ToArray());
            Assert.Equal(text, MemoryMarshal.CreateReadOnlySpanFromNullTerminated(second).ToString());
        }
    }
}
