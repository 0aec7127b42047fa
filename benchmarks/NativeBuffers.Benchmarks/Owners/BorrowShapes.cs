using System.Runtime.CompilerServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>As <see cref="BorrowLoops"/>, in the shapes that programs have: the memory in a field, a parameter, a captured variable, an async method.</summary>
/// <remarks>Each loop reads a span's element, not the borrow's own: this is what code does that hands a span on.</remarks>
internal static class BorrowShapes
{
    private static readonly Holder s_holder = new(NativeMemoryOwner<byte>.Create(64), new MallocHandle(64) { First = 0 });

    public static int BorrowField(int turns, int byteCount) => s_holder.BorrowField(turns);

    public static int HandleField(int turns, int byteCount) => s_holder.HandleField(turns);

    public static int BorrowParameter(int turns, int byteCount) => BorrowParameter(s_holder.Owner, turns);

    public static int HandleParameter(int turns, int byteCount) => HandleParameter(s_holder.Handle, turns);

    public static int BorrowCaptured(int turns, int byteCount) => Repeat(s_holder.BorrowCaptured, turns);

    public static int HandleCaptured(int turns, int byteCount) => Repeat(s_holder.HandleCaptured, turns);

    public static int BorrowAsync(int turns, int byteCount) => BorrowAsync(s_holder.Owner, turns).Result;

    public static int HandleAsync(int turns, int byteCount) => HandleAsync(s_holder.Handle, turns).Result;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int BorrowParameter(NativeMemoryOwner<byte> owner, int turns)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var borrow = owner.Borrow();
            sum += borrow.Span[0];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int HandleParameter(MallocHandle handle, int turns)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += handle.ReadFirst();
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Repeat(Func<int> body, int turns)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += body();
        }

        return sum;
    }

    private static async Task<int> BorrowAsync(NativeMemoryOwner<byte> owner, int turns)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using (var borrow = owner.Borrow())
            {
                sum += borrow.Span[0];
            }

            await Task.CompletedTask;
        }

        return sum;
    }

    private static async Task<int> HandleAsync(MallocHandle handle, int turns)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += handle.ReadFirst();
            await Task.CompletedTask;
        }

        return sum;
    }

    private sealed class Holder
    {
        private readonly NativeMemoryOwner<byte> _owner;
        private readonly MallocHandle _handle;

        public Holder(NativeMemoryOwner<byte> owner, MallocHandle handle)
        {
            _owner = owner;
            _handle = handle;
            BorrowCaptured = () =>
            {
                using var borrow = owner.Borrow();
                return borrow.Span[0];
            };
            HandleCaptured = () => handle.ReadFirst();
        }

        public NativeMemoryOwner<byte> Owner => _owner;

        public MallocHandle Handle => _handle;

        public Func<int> BorrowCaptured { get; }

        public Func<int> HandleCaptured { get; }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public int BorrowField(int turns)
        {
            int sum = 0;
            for (int turn = 0; turn < turns; turn++)
            {
                using var borrow = _owner.Borrow();
                sum += borrow.Span[0];
            }

            return sum;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public int HandleField(int turns)
        {
            int sum = 0;
            for (int turn = 0; turn < turns; turn++)
            {
                sum += _handle.ReadFirst();
            }

            return sum;
        }
    }
}
