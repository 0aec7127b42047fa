using Apache.Arrow;
using Apache.Arrow.C;
using Apache.Arrow.Types;

namespace NativeBuffers.Arrow;

/// <summary>Hands the memory of owners to Apache Arrow and to C, and takes it from there, without a copy.</summary>
/// <remarks>
/// The C Data Interface has a function in each array that releases it. So memory goes from one library to another one in the same process, and
/// the consumer calls this function when it is finished.
/// </remarks>
public static class NativeArrowArray
{
    /// <summary>An Arrow array over the memory of an owner. The array owns the memory afterwards.</summary>
    /// <remarks>
    /// The owner counts as disposed. The disposal of the array, or its finalizer, frees the memory. A span of the array must not be used
    /// afterwards.
    /// </remarks>
    /// <param name="owner">The elements of the array; at most <see cref="int.MaxValue"/>.</param>
    /// <typeparam name="T">A number.</typeparam>
    /// <returns>An array without nulls, for example an <see cref="Int32Array"/> for <see cref="int"/>. The caller disposes it.</returns>
    /// <exception cref="ArgumentException">The owner has more elements than an array can have.</exception>
    /// <exception cref="NotSupportedException">Arrow has no number of this type.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public static IArrowArray Create<T>([TakesOwnership] NativeMemoryOwner<T> owner)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(owner);
        IArrowType type = ArrowElements.TypeOf<T>();
        if (owner.Length > int.MaxValue)
        {
            throw new ArgumentException($"The owner has {owner.Length:N0} elements; an Arrow array has at most {int.MaxValue:N0}.", nameof(owner));
        }

        unsafe
        {
            // SAFETY: the importer takes over the array, which keeps the memory of the disposed owner until its release.
            var array = default(CArrowArray);
            Export(owner, &array);
            owner.Dispose();
            return CArrowArrayImporter.ImportArray(&array, type);
        }
    }

    /// <summary>Describes the memory of an owner for a consumer in C, without a copy.</summary>
    /// <remarks>
    /// <para>The consumer keeps the memory until it calls the array's release function, on any thread. Until then the owner may be
    /// disposed, but not resized, released or moved. The release has an effect once, also if several copies of the array are released.</para>
    /// <para>Consumers expect elements that do not change. So write no element before the release.</para>
    /// <para>Safety: <paramref name="array"/> points to a structure that this method may overwrite.</para>
    /// </remarks>
    /// <param name="owner">The elements.</param>
    /// <param name="array">Gets the description. The type is that of <see cref="CArrowSchemaExporter"/>, if the consumer asks for one.</param>
    /// <typeparam name="T">A number.</typeparam>
    /// <exception cref="InvalidOperationException">A billion pins go on.</exception>
    /// <exception cref="NotSupportedException">Arrow has no number of this type.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public static unsafe void Export<T>(NativeMemoryOwner<T> owner, CArrowArray* array)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(array);
        _ = ArrowElements.TypeOf<T>();
        ExportedOwner.Export(owner, (ArrowArrayLayout*)array);
    }

    /// <summary>An owner of the elements of an array from C, without a copy.</summary>
    /// <remarks>
    /// <para>The array is moved: its release function is null afterwards. The owner's end calls the function once, after the last borrow and
    /// pin, on the thread that ends them. Forgotten owners call it on the finalizer's thread. The owner cannot be resized.</para>
    /// <para>Safety: the array is valid by the rules of the C Data Interface, and is of the type <paramref name="type"/>.</para>
    /// </remarks>
    /// <param name="array">An array of numbers without nulls. If the method throws, it still belongs to the caller.</param>
    /// <param name="type">The type of the array, for example from <see cref="CArrowSchemaImporter.ImportType"/>.</param>
    /// <typeparam name="T">The number of this type; an <see cref="int"/> or <see cref="long"/> also for dates and times.</typeparam>
    /// <exception cref="ArgumentException">The array has another type, was released before, or its elements are not aligned.</exception>
    /// <exception cref="NotSupportedException">The array has nulls.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public static unsafe NativeMemoryOwner<T> Import<T>(CArrowArray* array, IArrowType type)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(array);
        ArgumentNullException.ThrowIfNull(type);
        if (!ArrowElements.Holds<T>(type))
        {
            throw new ArgumentException($"The array has the type {type.Name}; an owner of {typeof(T).Name} needs another one.", nameof(type));
        }

        return ImportedArrayAllocator.Import<T>((ArrowArrayLayout*)array);
    }
}
